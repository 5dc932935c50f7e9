// SPDX-License-Identifier: Apache-2.0
// The unpruned cache by batched matrix products of cuBLAS: the papers' yardstick.

#include <cmath>

#include "kernels/baselines/cublas/backends.hpp"
#include "kernels/baselines/cublas/launch.hpp"
#include "profiler/validate/attention_method.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/compare_attention.hpp"

namespace kvroof::validate {
namespace {

/// The problem as the kernels' own rules see it, with addresses that are only looked at.
cublas::Problem cublas_problem(const Case& one) {
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    require(one.kv_length(sequence) == one.max_kv_len(),
            "cublas: a batched product has one length, got sequences of {} and {} tokens",
            one.kv_length(sequence), one.max_kv_len());
  }
  return {.batch = one.batch,
          .query_heads = one.query_heads,
          .kv_heads = one.kv_heads,
          .head_dim = one.head_dim,
          .value_type = one.value_type,
          .softmax_scale = static_cast<float>(1.0 / std::sqrt(one.head_dim)),
          .queries = stand_in<void>(),
          .kv_len = one.max_kv_len(),
          .keys = stand_in<void>(),
          .values = stand_in<void>(),
          .capacity = one.max_kv_len(),
          .outputs = stand_in<void>(),
          .log_sum_exps = stand_in<float>(),
          .workspace = stand_in<void>()};
}

constexpr std::string_view kPlan = "2 batched products, softmax between them";

DeviceResult run(const Case& one, const inputs::KvTensors& inputs, Device& device,
                 const DeviceRunHooks& hooks) {
  cublas::Problem problem = cublas_problem(one);
  const AttentionBuffers buffers(one, inputs, device);
  const auto keys = upload(device, stored_bits(inputs.dtype, inputs.keys), "keys");
  const auto values = upload(device, stored_bits(inputs.dtype, inputs.values), "values");
  const auto workspace = allocate<std::byte>(
      device, static_cast<std::size_t>(cublas::workspace_bytes(problem)), "workspace");
  problem.queries = buffers.queries.data();
  problem.keys = keys.data();
  problem.values = values.data();
  problem.outputs = buffers.outputs.data();
  problem.log_sum_exps = buffers.log_sum_exps.data();
  problem.workspace = workspace.data();
  if (hooks.before_cublas) hooks.before_cublas(device, problem);
  cublas::launch(problem, device);
  device.synchronize();

  DeviceResult result;
  result.plan = kPlan;
  buffers.download(result);
  if (hooks.finished) hooks.finished({{"cublas", [&] { cublas::launch(problem, device); }}});
  return result;
}

Resources resources(const Case& one, const DeviceInfo&) {
  const cublas::Problem problem = cublas_problem(one);
  cublas::validate(problem);
  const std::int64_t workspace = cublas::workspace_bytes(problem);
  const std::int64_t elements =
      std::int64_t{one.batch} * one.kv_heads * one.max_kv_len() * one.head_dim;
  const std::int64_t device_bytes =
      2 * elements * kElementBytes + attention_buffer_bytes(one) + workspace;
  return {.plan = std::string(kPlan),
          // Of the softmax: the products' own are cuBLAS's business.
          .launch = {.grid = {std::int64_t{one.batch} * one.query_heads, 1, 1},
                     .block = {cublas::kSoftmaxThreads, 1, 1},
                     .workspace_bytes = static_cast<std::uint64_t>(workspace)},
          .device_bytes = static_cast<std::uint64_t>(device_bytes),
          // Inputs as f32, and one side's 16-bit copy at a time.
          .host_bytes = static_cast<std::uint64_t>(elements * (4 * 2 + kElementBytes))};
}

}  // namespace

Method cublas_method() {
  Method method = dense_method();
  method.name = "cublas";
  method.summary = "nothing pruned: batched products of cuBLAS around a softmax";
  method.kernels = {"cublas"};
  method.why_not_on = cublas::why_unavailable;
  method.heeded = [](Case one) {
    one.blocks = 0;
    return dense_method().heeded(std::move(one));
  };
  method.resources = resources;
  method.run = run;
  return method;
}

}  // namespace kvroof::validate
