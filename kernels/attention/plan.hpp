// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kernels/attention/problem.hpp"
#include "kernels/device_info.hpp"

namespace kvroof::attention {

/// How a DecodeProblem is cut for a device. Pure data; make_plan() computes it, launch() obeys it.
struct DecodePlan {
  int blocks = 0;  // of the grid; they share all the work equally (schedule.hpp)
  int warps = 0;   // per block, 1 .. kMaxWarps of the tile
  int lines =
      0;  // that a warp's buffer of staged keys, or values, holds; longer chunks take both buffers
  std::int64_t shared_bytes = 0;  // dynamic, per block

  bool operator==(const DecodePlan&) const = default;
};

/// Where partial results lie in the workspace of a split-KV kernel: normalised outputs and
/// log-sum-exps (base 2). A worker leaves one in slot worker + row, a block that has merged its
/// workers one in slot first_block_slot + block + row: along the line of units either the worker or
/// the row advances, so no two results meet. Behind them a counter per (row, query head of the
/// group), 0 between launches.
struct PartialLayout {
  template <class Problem, class Plan>
  constexpr PartialLayout(const Problem& problem, const Plan& plan)
      : first_block_slot(std::int64_t{problem.batch} * problem.kv_heads +
                         std::int64_t{plan.blocks} * plan.warps),
        slots(first_block_slot + std::int64_t{problem.batch} * problem.kv_heads + plan.blocks),
        group(problem.query_heads / problem.kv_heads),
        head_dim(problem.head_dim),
        counter_count(std::int64_t{problem.batch} * problem.query_heads) {}

  std::int64_t first_block_slot;
  std::int64_t slots;
  int group;
  int head_dim;
  std::int64_t counter_count;

  constexpr std::int64_t bytes() const {
    return (slots * group * (head_dim + 1) + counter_count) *
           static_cast<std::int64_t>(sizeof(float));
  }
  constexpr std::int64_t worker_slot(std::int64_t worker, std::int64_t row) const {
    return worker + row;
  }
  constexpr std::int64_t block_slot(std::int64_t block, std::int64_t row) const {
    return first_block_slot + block + row;
  }
  constexpr float* outputs(void* workspace) const {
    return static_cast<float*>(workspace);
  }  // [slots, group, head_dim]
  constexpr float* log_sums(void* workspace) const {
    return outputs(workspace) + slots * group * head_dim;
  }                                                           // [slots, group]
  constexpr std::uint32_t* counters(void* workspace) const {  // [batch, query_heads]
    return static_cast<std::uint32_t*>(static_cast<void*>(log_sums(workspace) + slots * group));
  }
};

/// One block per SM with as many warps as shared memory allows, fewer where there is little work.
/// `blocks` > 0 fixes their number: results are deterministic for a fixed number of blocks and
/// warps. Throws std::invalid_argument when the device has too little shared memory or the work
/// does not fit 31 bits.
DecodePlan make_plan(const DecodeProblem& problem, const DeviceInfo& device, int blocks = 0);

/// Bytes of DecodeProblem::workspace.
std::int64_t workspace_bytes(const DecodeProblem& problem, const DecodePlan& plan);

/// "132 blocks x 12 warps, 32 lines, 227328 B shared": one line for people.
std::string describe(const DecodePlan& plan);

}  // namespace kvroof::attention
