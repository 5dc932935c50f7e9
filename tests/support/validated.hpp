// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string_view>

#include "profiler/validate/method.hpp"
#include "profiler/validate/validate.hpp"

// GoogleTest wording around profiler/validate, and short ways to make its inputs.
namespace kvroof::test {

/// 8 query heads on 2 kv heads, one sequence of `kv_len` tokens: enough to tell heads apart, small
/// enough to be simulated often.
inline validate::Case small_case(int kv_len) {
  validate::Case one;
  one.query_heads = 8;
  one.kv_heads = 2;
  one.kv_lengths = {kv_len};
  return one;
}

inline float round_to(const inputs::KvTensors& tensors, float value) {
  return inputs::round_to(tensors.dtype, value);
}

/// Element (sequence, kv_head, token, channel) of `tensor`, the keys or values of `tensors`.
inline float& element(const inputs::KvTensors& tensors, std::vector<float>& tensor,
                      std::int64_t sequence, std::int64_t kv_head, std::int64_t token,
                      std::int64_t channel) {
  const std::int64_t row = (sequence * tensors.kv_heads + kv_head) * tensors.kv_len + token;
  return tensor.at(static_cast<std::size_t>(row * tensors.head_dim + channel));
}

/// The result of one kernel, or nullptr.
inline const validate::KernelResult* find_kernel(const validate::CaseResult& result,
                                                 std::string_view kernel) {
  for (const validate::KernelResult& one : result.kernels)
    if (one.kernel == kernel) return &one;
  return nullptr;
}

inline bool kernel_failed(const validate::CaseResult& result, std::string_view kernel) {
  const validate::KernelResult* one = find_kernel(result, kernel);
  return one != nullptr && one->status == validate::Status::kFailed && !one->reason.empty();
}

inline ::testing::AssertionResult passed(const validate::CaseResult& result) {
  // One of every kernel, and the log-sum-exps.
  const std::size_t wanted = validate::method_named(result.one.method).kernels.size() + 1;
  if (result.kernels.size() != wanted)
    return ::testing::AssertionFailure()
           << describe(result.one) << ": " << result.kernels.size() << " results instead of "
           << wanted
           << (result.kernels.empty() ? "" : ", the last: " + result.kernels.back().reason);
  for (const validate::KernelResult& kernel : result.kernels) {
    if (kernel.status != validate::Status::kPassed)
      return ::testing::AssertionFailure() << describe(result.one) << "; " << result.plan << ": "
                                           << kernel.kernel << ": " << kernel.reason;
  }
  return ::testing::AssertionSuccess();
}

}  // namespace kvroof::test
