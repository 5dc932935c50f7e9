// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kernels/attention/problem.hpp"
#include "kernels/device_info.hpp"

namespace kvroof::attention {

/// How a DecodeProblem is cut for a device. Pure data; make_plan() computes it, launch() obeys it.
struct DecodePlan {
  int splits =
      0;  // blocks that share the compressed prefix of one sequence and kv head, at least 1
  int chunks_per_split = 0;       // of the longest sequence
  int warps = 0;                  // per block; each takes every warps-th chunk of its split
  std::int64_t shared_bytes = 0;  // dynamic, per block

  constexpr int partials() const { return splits + 1; }  // the dense window is the last
  bool operator==(const DecodePlan&) const = default;
};

/// Where the partial results of the splits lie in DecodeProblem::workspace: normalised outputs,
/// then log-sum-exps (base 2).
struct PartialLayout {
  constexpr PartialLayout(const DecodeProblem& problem, const DecodePlan& plan)
      : rows(std::int64_t{problem.batch} * problem.kv_heads),
        partials(plan.partials()),
        group(problem.query_heads / problem.kv_heads),
        head_dim(problem.head_dim) {}

  std::int64_t rows;  // of (sequence, kv head)
  int partials;
  int group;
  int head_dim;

  constexpr std::int64_t count() const { return rows * partials * group; }
  constexpr std::int64_t bytes() const {
    return count() * (head_dim + 1) * static_cast<std::int64_t>(sizeof(float));
  }
  /// Number of the partial result of query head `head` of the group.
  constexpr std::int64_t index(std::int64_t row, int partial, int head) const {
    return (row * partials + partial) * group + head;
  }
  constexpr float* outputs(void* workspace) const {
    return static_cast<float*>(workspace);
  }  // [count(), head_dim]
  constexpr float* log_sums(void* workspace) const {
    return outputs(workspace) + count() * head_dim;
  }  // [count()]
};

/// Splits so that the compressed prefix fills the device's SMs about once; `splits` > 0 fixes their
/// number (results are deterministic for a fixed number). Throws std::invalid_argument when the
/// device has too little shared memory.
DecodePlan make_plan(const DecodeProblem& problem, const DeviceInfo& device, int splits = 0);

/// Bytes of DecodeProblem::workspace: partial outputs and log-sum-exps of every split.
std::int64_t workspace_bytes(const DecodeProblem& problem, const DecodePlan& plan);

/// "4 splits x 16 chunks, 4 warps, 141824 B shared": one line for people.
std::string describe(const DecodePlan& plan);

}  // namespace kvroof::attention
