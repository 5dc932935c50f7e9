// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "kernels/compress/problem.hpp"
#include "kernels/device.hpp"

namespace kvroof::compress {

// The builds of the kernel that launch.cpp chooses from.
void launch_simt(const PackProblem& problem, Device& device);
void launch_cuda(const PackProblem& problem, Device& device);

/// Chunks per (sequence, kv head) that a launch looks at.
inline int grid_chunks(const PackProblem& problem) {
  const int chunks = problem.max_kv_len <= problem.window
                         ? 0
                         : (problem.max_kv_len - problem.window) / lane_chunk::kTokens;
  if (problem.newest_only) return chunks > 0 ? 1 : 0;
  return chunks - problem.first_chunk;
}

/// The one table of pack instances: calls run(Value{}, integral_constant<head_dim>,
/// integral_constant<operand>).
template <class Run>
void with_instance(const PackProblem& problem, Run&& run) {
  if (problem.head_dim != 128) reject_instance(problem);
  const auto with_operand = [&](auto value) {
    using HeadDim = std::integral_constant<int, 128>;
    if (problem.operand == Operand::kKeys)
      return run(value, HeadDim{}, std::integral_constant<Operand, Operand::kKeys>{});
    return run(value, HeadDim{}, std::integral_constant<Operand, Operand::kValues>{});
  };
  switch (problem.value_type) {
    case ValueType::kF16: return with_operand(Half{});
    case ValueType::kBF16: return with_operand(BFloat16{});
  }
  reject_instance(problem);
}

}  // namespace kvroof::compress
