// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "kernels/error.hpp"
#include "profiler/validate/method.hpp"

// What the methods' own files share. Only they and method.cpp include this.
namespace kvroof::validate {

// One method each; the names in records are theirs.
Method lane_chunk_method();
Method dense_method();
Method think_method();
Method two_four_method();
Method mustafar_method();
Method cublas_method();

/// Method::why_not_on of kernels that have a build for every backend.
inline std::string runs_everywhere(Backend) { return ""; }

/// An address that a problem may hold while it is only looked at.
template <class T>
T* stand_in() {
  alignas(256) static std::byte memory[256];
  return static_cast<T*>(static_cast<void*>(memory));
}

inline constexpr std::int64_t kElementBytes = 2;  // f16 and bf16

/// Keys and values of all tokens of the case, stored dense.
inline std::int64_t dense_bytes(const Case& one) {
  std::int64_t tokens = 0;
  for (int sequence = 0; sequence < one.batch; ++sequence) tokens += one.kv_length(sequence);
  return 2 * tokens * one.kv_heads * one.head_dim * kElementBytes;
}

/// For methods that choose by themselves what survives, their storage naming the rule: a case whose
/// own rules are not asked.
inline Case without_rules(Case one) {
  one.key_rule = one.value_rule = Case{}.key_rule;
  one.requested_value_sparsity.reset();
  one.sinks = 0;
  one.appended.reset();
  return one;
}

inline std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// The launch of a kernel whose plan has blocks of warps that share all rows equally.
template <class Plan>
traces::Plan launch_of(const Case& one, const Plan& plan, std::int64_t workspace_bytes) {
  constexpr int warp = 32;
  const std::int64_t workers = std::int64_t{plan.blocks} * plan.warps;
  const std::int64_t rows = std::int64_t{one.batch} * one.kv_heads;
  return {.splits = std::max<std::int64_t>(1, divide_up(workers, rows)),
          .grid = {plan.blocks, 1, 1},
          .block = {std::int64_t{plan.warps} * warp, 1, 1},
          .shared_bytes = static_cast<std::uint64_t>(plan.shared_bytes),
          .workspace_bytes = static_cast<std::uint64_t>(workspace_bytes)};
}

}  // namespace kvroof::validate
