// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/plan.hpp"

#include <algorithm>

#include "kernels/attention/instances.hpp"
#include "kernels/attention/schedule.hpp"
#include "kernels/error.hpp"

namespace kvroof::attention {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Enough lines for almost every chunk of scattered masks: the compact chunk, and what the longest
/// lane may reach beyond the mean (4.6 standard deviations of a lane's slots at half of head_dim).
template <class Tile>
int wanted_lines(int kept) {
  constexpr int longest_lane = Tile::kHeadDim == 64 ? 6 : Tile::kHeadDim == 128 ? 8 : 12;
  return std::max(Tile::Buffer::compact_lines(kept) + longest_lane, Tile::kMinLines);
}

/// As many warps as shared memory holds with `lines` each; more than eight in multiples of the SM's
/// four schedulers: three warps beside two on a scheduler leave the block waiting for the three.
template <class Tile>
int most_warps(const DeviceInfo& device, int lines) {
  constexpr int schedulers = 4, two_each = 2 * schedulers;
  const auto fitting = static_cast<int>(device.shared_bytes_per_block / Tile::warp_bytes(lines));
  const int warps = std::min(fitting, Tile::kMaxWarps);
  return warps > two_each ? warps / schedulers * schedulers : warps;
}

/// The lines a warp gets when `warps` share the block's memory.
template <class Tile>
int available_lines(const DeviceInfo& device, int warps) {
  return Tile::Buffer::lines_of((device.shared_bytes_per_block / warps - Tile::kQueryBytes) / 2);
}

/// Blocks for `units` of work in `rows` rows: one per SM, fewer when they could not give every warp
/// a unit. Where rows are few, a multiple of them, so that no block has parts of two rows.
int choose_blocks(const DeviceInfo& device, std::int64_t rows, std::int64_t units, int warps) {
  const auto blocks =
      static_cast<int>(std::min<std::int64_t>(device.sm_count, divide_up(units, warps)));
  constexpr int few = 4;  // rows per block's worth of SMs given up at most: a quarter
  return rows * few <= blocks ? static_cast<int>(blocks / rows * rows) : blocks;
}

template <class Tile>
DecodePlan plan_tile(const DecodeProblem& problem, const DeviceInfo& device, int blocks) {
  const int lines = wanted_lines<Tile>(std::max(problem.keys.kept, problem.values.kept));
  require(Tile::warp_bytes(lines) <= device.shared_bytes_per_block,
          "attention: the decode kernel needs {} bytes of shared memory per warp, {} allows {} per "
          "block",
          Tile::warp_bytes(lines), device.name, device.shared_bytes_per_block);
  const std::int64_t rows = std::int64_t{problem.batch} * problem.kv_heads;
  const std::int64_t units = rows * row_units(problem.max_kv_len, problem.window).total();
  constexpr std::int64_t most_units = std::int64_t{1} << 31;
  require(units < most_units,
          "attention: {} pieces of 64 tokens are more than a launch can number ({})", units,
          most_units - 1);

  constexpr std::int64_t least_warps = 8;  // so that a small problem is merged in few blocks
  DecodePlan plan;
  plan.warps = static_cast<int>(std::min<std::int64_t>(
      most_warps<Tile>(device, lines), std::max(least_warps, divide_up(units, device.sm_count))));
  plan.blocks = blocks > 0 ? blocks : choose_blocks(device, rows, units, plan.warps);
  plan.lines = available_lines<Tile>(device, plan.warps);
  plan.shared_bytes = plan.warps * Tile::warp_bytes(plan.lines);
  return plan;
}

}  // namespace

DecodePlan make_plan(const DecodeProblem& problem, const DeviceInfo& device, int blocks) {
  require(blocks >= 0, "attention: blocks must not be negative, got {}", blocks);
  return with_shape(problem, [&](auto head_dim, auto head_tiles) {
    return plan_tile<DecodeTile<head_dim(), head_tiles()>>(problem, device, blocks);
  });
}

std::int64_t workspace_bytes(const DecodeProblem& problem, const DecodePlan& plan) {
  return PartialLayout(problem, plan).bytes();
}

std::string describe(const DecodePlan& plan) {
  return fmt::format("{} blocks x {} warps, {} lines, {} B shared", plan.blocks, plan.warps,
                     plan.lines, plan.shared_bytes);
}

}  // namespace kvroof::attention
