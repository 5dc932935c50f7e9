// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/device_run.hpp"

#include "profiler/validate/buffers.hpp"
#include "profiler/validate/method.hpp"

namespace kvroof::validate {
namespace {

std::size_t query_rows(const Case& one) {
  return static_cast<std::size_t>(one.batch) * static_cast<std::size_t>(one.query_heads);
}

}  // namespace

std::vector<std::int32_t> all_lengths(const Case& one) {
  std::vector<std::int32_t> lengths;
  for (int sequence = 0; sequence < one.batch; ++sequence)
    lengths.push_back(one.kv_length(sequence));
  return lengths;
}

AttentionBuffers::AttentionBuffers(const Case& one, const inputs::KvTensors& inputs, Device& device)
    : kv_lengths(upload(device, all_lengths(one), "kv_lengths")),
      queries(upload(device, stored_bits(inputs.dtype, inputs.queries), "queries")),
      outputs(device, query_rows(one) * static_cast<std::size_t>(one.head_dim), "outputs"),
      log_sum_exps(device, query_rows(one), "log_sum_exps") {
  outputs.fill(kPoison);
  log_sum_exps.fill(kPoison);
}

void AttentionBuffers::download(DeviceResult& result) const {
  result.outputs.resize(outputs.size());
  result.log_sum_exps.resize(log_sum_exps.size());
  outputs.download(result.outputs);
  log_sum_exps.download(result.log_sum_exps);
}

std::int64_t attention_buffer_bytes(const Case& one) {
  const auto rows = static_cast<std::int64_t>(query_rows(one));
  return one.batch * std::int64_t{4} + rows * (std::int64_t{one.head_dim} * 2 * 2 + 4);
}

DeviceResult run_on_device(const Case& one, const inputs::KvTensors& inputs, Device& device,
                           const DeviceRunHooks& hooks) {
  check(one);
  return method_named(one.method).run(one, inputs, device, hooks);
}

}  // namespace kvroof::validate
