// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/compare_attention.hpp"

#include <cmath>

#include "profiler/validate/compare_pack.hpp"
#include "profiler/validate/rules.hpp"
#include "reference/attention.hpp"
#include "reference/compare.hpp"
#include "reference/error_bound.hpp"

namespace kvroof::validate {
namespace {

/// The reference's answer for a whole batch, flattened like the kernel's.
struct Expected {
  std::vector<double> outputs;  // [batch, query_heads, head_dim]
  std::vector<double> output_bounds;
  std::vector<double> log_sum_exps;  // [batch, query_heads]
  std::vector<double> log_sum_exp_bounds;
};

void append(std::vector<double>& target, const reference::Matrix& rows) {
  target.insert(target.end(), rows.data(), rows.data() + rows.size());
}
void append(std::vector<double>& target, const reference::Vector& numbers) {
  target.insert(target.end(), numbers.data(), numbers.data() + numbers.size());
}

reference::Matrix group_queries(const Case& one, const inputs::KvTensors& inputs, int sequence,
                                int kv_head) {
  const int group = one.query_heads / one.kv_heads;
  reference::Matrix queries(group, one.head_dim);
  for (int head = 0; head < group; ++head) {
    const auto row = static_cast<std::size_t>(sequence * one.query_heads + kv_head * group + head);
    for (int channel = 0; channel < one.head_dim; ++channel) {
      queries(head, channel) = inputs.queries[row * static_cast<std::size_t>(one.head_dim) +
                                              static_cast<std::size_t>(channel)];
    }
  }
  return queries;
}

Expected expected_attention(const Case& one, const inputs::KvTensors& inputs) {
  const reference::Precision precision =
      one.value_type == ValueType::kF16 ? reference::Precision::kF16 : reference::Precision::kBF16;
  const Method& method = method_named(one.method);
  Expected expected;
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    for (int kv_head = 0; kv_head < one.kv_heads; ++kv_head) {
      const HeadTensors head = head_tensors(one, inputs, sequence, kv_head);
      const HeadMasks masks = method.masks(one, head);
      // The scale as the kernel gets it: rounded to F32.
      const double scale = static_cast<float>(1.0 / std::sqrt(one.head_dim));
      const reference::AttentionProblem problem{head.keys,    head.values,  masks.keys,
                                                masks.values, head.queries, scale};
      const reference::AttentionResult result = reference::attention(problem);
      const reference::AttentionErrorBound bound = reference::attention_error_bound(
          problem, result,
          reference::serial_arithmetic(precision, precision, one.head_dim,
                                       one.kv_length(sequence)));
      append(expected.outputs, result.outputs);
      append(expected.output_bounds, bound.outputs);
      append(expected.log_sum_exps, result.lse);
      append(expected.log_sum_exp_bounds, bound.lse);
    }
  }
  return expected;
}

KernelResult to_result(const std::string& kernel, const reference::Comparison& comparison,
                       const std::vector<double>& bounds, std::span<const std::int64_t> shape) {
  KernelResult result;
  result.kernel = kernel;
  result.status = comparison.passed ? Status::kPassed : Status::kFailed;
  result.max_abs_error = comparison.max_abs_error;
  result.max_rel_error = comparison.max_rel_error;
  result.tolerance_used = comparison.used_share;
  result.num_elements = comparison.num_elements;
  result.num_failures = comparison.num_failures;
  result.worst_index = comparison.worst;
  std::int64_t flat = 0;
  for (std::size_t axis = 0; axis < comparison.worst.size(); ++axis)
    flat = flat * shape[axis] + comparison.worst[axis];
  if (!comparison.worst.empty()) result.tolerance = bounds[static_cast<std::size_t>(flat)];
  if (!comparison.passed) result.reason = comparison.sentence;
  return result;
}

}  // namespace

HeadTensors head_tensors(const Case& one, const inputs::KvTensors& inputs, int sequence,
                         int kv_head) {
  HeadTensors head{head_matrix(one, inputs.keys, sequence, kv_head),
                   head_matrix(one, inputs.values, sequence, kv_head),
                   group_queries(one, inputs, sequence, kv_head),
                   {}};
  if (is_scored(one)) head.scoring = scoring_of(one, inputs, sequence, kv_head, head.keys);
  return head;
}

std::vector<KernelResult> compare_attention(const Case& one, const inputs::KvTensors& inputs,
                                            const DeviceResult& result) {
  const Expected expected = expected_attention(one, inputs);
  std::vector<float> outputs(result.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i)
    outputs[i] = inputs::from_bits(inputs.dtype, result.outputs[i]);

  const std::int64_t output_shape[] = {one.batch, one.query_heads, one.head_dim};
  const std::int64_t lse_shape[] = {one.batch, one.query_heads};
  const auto output_comparison = reference::compare(
      outputs, expected.outputs, {.per_element = expected.output_bounds}, output_shape);
  const auto lse_comparison =
      reference::compare(result.log_sum_exps, expected.log_sum_exps,
                         {.per_element = expected.log_sum_exp_bounds}, lse_shape);
  const std::string kernel(method_named(one.method).kernels.back());
  return {to_result(kernel, output_comparison, expected.output_bounds, output_shape),
          to_result(kernel + "_lse", lse_comparison, expected.log_sum_exp_bounds, lse_shape)};
}

std::vector<KernelResult> compare_kernel(std::string_view kernel, const Case& one,
                                         const inputs::KvTensors& inputs,
                                         const DeviceResult& result) {
  if (attends(kernel)) return compare_attention(one, inputs, result);
  return {method_of_kernel(kernel).compare_prepared(kernel, one, inputs, result)};
}

}  // namespace kvroof::validate
