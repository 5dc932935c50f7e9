// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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

/// Entries of the table of offsets.
inline std::int64_t offset_count(const PackProblem& problem) {
  return std::int64_t{problem.batch} * problem.kv_heads * (problem.chunk_capacity + 1);
}

/// The one table of pack instances: calls run(integral_constant<head_dim>,
/// integral_constant<operand>).
template <class Run>
void with_instance(const PackProblem& problem, Run&& run) {
  const auto with_operand = [&](auto head_dim) {
    if (problem.operand == Operand::kKeys)
      return run(head_dim, std::integral_constant<Operand, Operand::kKeys>{});
    return run(head_dim, std::integral_constant<Operand, Operand::kValues>{});
  };
  switch (problem.head_dim) {
    case 64: return with_operand(std::integral_constant<int, 64>{});
    case 128: return with_operand(std::integral_constant<int, 128>{});
    case 256: return with_operand(std::integral_constant<int, 256>{});
    default: reject_instance(problem);
  }
}

}  // namespace kvroof::compress
