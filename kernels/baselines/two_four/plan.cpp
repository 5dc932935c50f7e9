// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/two_four/plan.hpp"

#include <algorithm>

#include "kernels/attention/instances.hpp"
#include "kernels/attention/schedule.hpp"
#include "kernels/baselines/two_four/tile.hpp"
#include "kernels/error.hpp"

namespace kvroof::two_four {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// As many warps as shared memory holds, in multiples of the SM's four schedulers.
template <class Tile>
int most_warps(const DeviceInfo& device) {
  constexpr int schedulers = 4;
  const auto fitting = static_cast<int>(device.shared_bytes_per_block / Tile::kWarpBytes);
  const int warps = std::min(fitting, Tile::kMaxWarps);
  return warps > schedulers ? warps / schedulers * schedulers : warps;
}

/// A block per SM, fewer when they could not give every warp a unit; where rows are few, a multiple
/// of them, so that no block has parts of two.
int choose_blocks(const DeviceInfo& device, std::int64_t rows, std::int64_t units, int warps) {
  const auto blocks =
      static_cast<int>(std::min<std::int64_t>(device.sm_count, divide_up(units, warps)));
  constexpr int few = 4;
  return rows * few <= blocks ? static_cast<int>(blocks / rows * rows) : blocks;
}

template <class Tile>
attention::DecodePlan plan_tile(const attention::DecodeProblem& problem, const DeviceInfo& device,
                                int blocks) {
  require(Tile::kWarpBytes <= device.shared_bytes_per_block,
          "2:4 decode: a warp needs {} bytes of shared memory, {} allows {} per block",
          Tile::kWarpBytes, device.name, device.shared_bytes_per_block);
  const std::int64_t rows = std::int64_t{problem.batch} * problem.kv_heads;
  const std::int64_t units =
      rows * attention::row_units(problem.max_kv_len, problem.window).total();
  constexpr std::int64_t most_units = std::int64_t{1} << 31;
  require(units < most_units,
          "2:4 decode: {} pieces of 64 tokens are more than a launch can number ({})", units,
          most_units - 1);

  // Twelve warps where each has many units; else fewer results to merge count for more.
  constexpr std::int64_t few_warps = 8;
  constexpr std::int64_t many_units = 8;
  const int most = most_warps<Tile>(device);
  attention::DecodePlan plan;
  plan.warps = units >= many_units * most * device.sm_count
                   ? most
                   : static_cast<int>(std::min<std::int64_t>(most, few_warps));
  plan.blocks = blocks > 0 ? blocks : choose_blocks(device, rows, units, plan.warps);
  plan.shared_bytes = plan.warps * Tile::kWarpBytes;
  return plan;
}

}  // namespace

attention::DecodePlan make_plan(const attention::DecodeProblem& problem, const DeviceInfo& device,
                                int blocks) {
  require(blocks >= 0, "2:4 decode: blocks must not be negative, got {}", blocks);
  return attention::with_shape(problem, [&](auto head_dim, auto head_tiles) {
    return plan_tile<DecodeTile<head_dim(), head_tiles()>>(problem, device, blocks);
  });
}

std::string describe(const attention::DecodePlan& plan) {
  return fmt::format("{} blocks x {} warps, {} B shared", plan.blocks, plan.warps,
                     plan.shared_bytes);
}

}  // namespace kvroof::two_four
