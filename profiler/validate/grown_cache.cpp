// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/grown_cache.hpp"

#include <algorithm>

#include "profiler/validate/buffers.hpp"

namespace kvroof::validate {
namespace {

/// Token `from_end` counted from each sequence's last (1), of every kv head:
/// [batch, kv_heads, head_dim] out of [batch, kv_heads, max_kv_len, head_dim].
std::vector<std::uint16_t> tokens_at(const Case& one, const std::vector<std::uint16_t>& rows,
                                     int from_end) {
  std::vector<std::uint16_t> tokens;
  for (int head = 0; head < one.batch * one.kv_heads; ++head) {
    const std::int64_t token = one.kv_length(head / one.kv_heads) - from_end;
    const auto first =
        rows.begin() + (std::int64_t{head} * one.max_kv_len() + token) * one.head_dim;
    tokens.insert(tokens.end(), first, first + one.head_dim);
  }
  return tokens;
}

}  // namespace

cache::KvCache grow_cache(const Case& one, const inputs::KvTensors& inputs, Device& device) {
  cache::KvCache cache(device, {.batch = one.batch,
                                .kv_heads = one.kv_heads,
                                .head_dim = one.head_dim,
                                .value_type = one.value_type,
                                .max_kv_len = one.max_kv_len(),
                                .window = one.window,
                                .kept_keys = one.kept_keys,
                                .kept_values = one.kept_values});
  const auto keys = stored_bits(inputs.dtype, inputs.keys);
  const auto values = stored_bits(inputs.dtype, inputs.values);
  std::vector<std::int32_t> prompt = all_lengths(one);
  for (std::int32_t& length : prompt) length -= *one.appended;
  const auto prompt_keys = upload(device, keys, "prompt keys");
  const auto prompt_values = upload(device, values, "prompt values");
  const auto prompt_lengths = upload(device, prompt, "prompt lengths");
  cache.prefill({.keys = prompt_keys.data(),
                 .values = prompt_values.data(),
                 .row_capacity = one.max_kv_len(),
                 .lengths = prompt_lengths.data(),
                 .max_length = one.max_kv_len() - *one.appended});
  for (int from_end = *one.appended; from_end > 0; --from_end) {
    const auto step_keys = upload(device, tokens_at(one, keys, from_end), "keys of a step");
    const auto step_values = upload(device, tokens_at(one, values, from_end), "values of a step");
    cache.append(step_keys.data(), step_values.data());
    device.synchronize();  // the rows of the step go
  }
  device.synchronize();
  return cache;
}

}  // namespace kvroof::validate
