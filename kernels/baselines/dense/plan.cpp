// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/dense/plan.hpp"

#include <algorithm>

#include "kernels/attention/plan.hpp"
#include "kernels/baselines/dense/instances.hpp"
#include "kernels/error.hpp"

namespace kvroof::dense {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Blocks for `units` of work in `rows` rows: one per SM, fewer when they could not give every warp
/// a unit, and fewer where whole rows then fall to a block, or whole blocks to a row: a block with
/// parts of two rows cannot merge its warps. At most a quarter of the SMs is given up for that.
int choose_blocks(const DeviceInfo& device, std::int64_t rows, std::int64_t units, int warps) {
  const auto most = std::min<std::int64_t>(device.sm_count, divide_up(units, warps));
  const std::int64_t rows_per_block = divide_up(rows, most);
  const std::int64_t aligned = rows_per_block == 1 ? most / rows * rows : rows / rows_per_block;
  const bool fits = rows % rows_per_block == 0 && 4 * aligned >= 3 * most;
  return static_cast<int>(fits ? aligned : most);
}

}  // namespace

DensePlan make_plan(const DenseProblem& problem, const DeviceInfo& device, int blocks) {
  require(blocks >= 0, "dense: blocks must not be negative, got {}", blocks);
  const std::int64_t rows = std::int64_t{problem.batch} * problem.kv_heads;
  const std::int64_t units = rows * unit_count(problem, problem.max_kv_len);
  constexpr std::int64_t most_units = std::int64_t{1} << 31;
  require(units < most_units,
          "dense: {} pieces of {} tokens are more than a launch can number ({})", units,
          kUnitTokens, most_units - 1);
  return with_tile(problem, [&](auto tile) {
    const auto fitting = static_cast<int>(device.shared_bytes_per_block / tile.kWarpBytes);
    require(fitting > 0,
            "dense: the kernel needs {} bytes of shared memory per warp, {} allows {} per block",
            tile.kWarpBytes, device.name, device.shared_bytes_per_block);
    DensePlan plan;
    plan.warps = std::min(fitting, tile.kMaxWarps);
    plan.blocks = blocks > 0 ? blocks : choose_blocks(device, rows, units, plan.warps);
    plan.shared_bytes = plan.warps * tile.kWarpBytes;
    return plan;
  });
}

std::int64_t workspace_bytes(const DenseProblem& problem, const DensePlan& plan) {
  return attention::PartialLayout(problem, plan).bytes();
}

std::string describe(const DensePlan& plan) {
  return fmt::format("{} blocks x {} warps, {} B shared", plan.blocks, plan.warps,
                     plan.shared_bytes);
}

}  // namespace kvroof::dense
