// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/cache/problem.hpp"
#include "kernels/device.hpp"

namespace kvroof::cache {

inline constexpr int kThreads = 128;
inline constexpr int kPieceBytes = 16;  // of one access
inline constexpr int kAdoptTokens = 8;  // of a block of adopt_kernel

// The builds of the kernels that KvCache chooses from.
void append_simt(const AppendProblem& problem, Device& device);
void append_cuda(const AppendProblem& problem, Device& device);
void adopt_simt(const AdoptProblem& problem, Device& device);
void adopt_cuda(const AdoptProblem& problem, Device& device);

/// Blocks along x of adopt_kernel: at most window + 63 tokens of a sequence stay dense.
constexpr int adopt_blocks(const AdoptProblem& problem) {
  return (problem.to.row_capacity + kAdoptTokens - 1) / kAdoptTokens;
}

}  // namespace kvroof::cache
