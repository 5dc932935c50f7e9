// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/pruned_cache.hpp"

#include <algorithm>
#include <cmath>

#include "profiler/validate/attention_method.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/compare_pack.hpp"

namespace kvroof::validate {
int compressed_tokens(const Case& one, int kv_len) {
  return attention::compressed_tokens(kv_len, one.window);
}
int compressed_capacity(const Case& one) { return compressed_tokens(one, one.max_kv_len()); }
int pruned_tokens(const Case& one, int kv_len) {
  const int end = one.sinks + prune::prunable_tokens(kv_len, one.sinks, one.window);
  return std::max(0, std::min(end, compressed_tokens(one, kv_len)) - one.sinks);
}
bool has_offsets(const Case& one, Operand side) {
  const prune::Rule rule = one.rule(side);
  if (rule == prune::Rule::kNone) return false;
  return one.sinks > 0 || rule == prune::Rule::kPublished || prune::group_tokens(rule) > 0;
}
int ring_capacity(const Case& one) { return one.window + lane_chunk::kTokens - 1; }

TokenCount count_tokens(const Case& one) {
  TokenCount count;
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    const int length = one.kv_length(sequence);
    const int compressed = compressed_tokens(one, length);
    count.compressed += std::int64_t{compressed} * one.kv_heads;
    count.pruned += std::int64_t{pruned_tokens(one, length)} * one.kv_heads;
    count.dense += std::int64_t{length - compressed} * one.kv_heads;
  }
  return count;
}

attention::DecodeProblem chunk_problem(const Case& one) {
  return {.batch = one.batch,
          .query_heads = one.query_heads,
          .kv_heads = one.kv_heads,
          .head_dim = one.head_dim,
          .value_type = one.value_type,
          .softmax_scale = static_cast<float>(1.0 / std::sqrt(one.head_dim)),
          .queries = stand_in<void>(),
          .kv_lengths = stand_in<std::int32_t>(),
          .max_kv_len = one.max_kv_len(),
          .keys = {stand_in<std::byte>(), one.kept_keys},
          .values = {stand_in<std::byte>(), one.kept_values},
          .chunk_capacity = compressed_capacity(one) / lane_chunk::kTokens,
          .window_keys = stand_in<void>(),
          .window_values = stand_in<void>(),
          .window = one.window,
          .window_capacity = ring_capacity(one),
          .outputs = stand_in<void>(),
          .log_sum_exps = stand_in<float>(),
          .workspace = stand_in<void>()};
}

ChosenRows chosen_rows(const Case& one, const inputs::KvTensors& inputs, Operand side, int sequence,
                       int kv_head, const reference::Mask& mask) {
  const std::vector<float>& tensor = side == Operand::kKeys ? inputs.keys : inputs.values;
  const reference::Matrix rows = head_matrix(one, tensor, sequence, kv_head);
  const Eigen::Index elements = compressed_tokens(one, one.kv_length(sequence)) * rows.cols();
  ChosenRows chosen{side, one.head_dim, {}, {}};
  for (Eigen::Index i = 0; i < elements; ++i) {
    chosen.bits.push_back(inputs::to_bits(inputs.dtype, static_cast<float>(rows.data()[i])));
    chosen.mask.push_back(mask.data()[i] ? 1 : 0);
  }
  return chosen;
}

DeviceBuffer<std::uint16_t> upload_ring(const Case& one, const std::vector<std::uint16_t>& rows,
                                        int capacity, std::string_view name, Device& device) {
  const auto head_dim = static_cast<std::size_t>(one.head_dim);
  const auto ring_rows = static_cast<std::size_t>(capacity);
  const auto heads = static_cast<std::size_t>(one.batch * one.kv_heads);
  auto ring = allocate<std::uint16_t>(device, heads * ring_rows * head_dim, name);
  for (std::size_t head = 0; head < heads; ++head) {
    const int length = one.kv_length(static_cast<int>(head) / one.kv_heads);
    for (int token = compressed_tokens(one, length); token < length; ++token) {
      const auto at = static_cast<std::size_t>(token);
      const std::size_t source = head * static_cast<std::size_t>(one.max_kv_len()) + at;
      device.copy_to_device(ring.data() + (head * ring_rows + at % ring_rows) * head_dim,
                            rows.data() + source * head_dim, head_dim * 2);
    }
  }
  return ring;
}

}  // namespace kvroof::validate
