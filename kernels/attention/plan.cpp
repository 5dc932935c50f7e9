// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/plan.hpp"

#include <algorithm>

#include "kernels/attention/schedule.hpp"
#include "kernels/attention/tile.hpp"
#include "kernels/error.hpp"

namespace kvroof::attention {
namespace {

using Tile = DecodeTile<128>;

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Enough lines for the lanes of almost every chunk of scattered masks: the mean and a margin of 8
/// (4.6 standard deviations of a lane's slots at kept 64), and at least half of the longest stream,
/// since two buffers must hold it.
int buffer_lines(int kept) {
  constexpr int margin = 8;
  const int mean =
      static_cast<int>(divide_up(std::int64_t{lane_chunk::kTokens} * kept,
                                 std::int64_t{lane_chunk::kLanes} * lane_chunk::kSlotElements));
  return std::clamp(mean + margin, Tile::kMaxLines / 2, Tile::kMaxLines);
}

}  // namespace

DecodePlan make_plan(const DecodeProblem& problem, const DeviceInfo& device, int blocks) {
  require(blocks >= 0, "attention: blocks must not be negative, got {}", blocks);
  DecodePlan plan;
  plan.lines = buffer_lines(std::max(problem.keys.kept, problem.values.kept));
  const std::int64_t warp_bytes = Tile::warp_bytes(plan.lines);
  require(warp_bytes <= device.shared_bytes_per_block,
          "attention: the decode kernel needs {} bytes of shared memory per warp, {} allows {} per "
          "block",
          warp_bytes, device.name, device.shared_bytes_per_block);

  const std::int64_t rows = std::int64_t{problem.batch} * problem.kv_heads;
  const std::int64_t units = rows * row_units(problem.max_kv_len, problem.window).total();
  constexpr std::int64_t most_units = std::int64_t{1} << 31;
  require(units < most_units,
          "attention: {} pieces of 64 tokens are more than a launch can number ({})", units,
          most_units - 1);
  plan.blocks =
      blocks > 0 ? blocks : static_cast<int>(std::min<std::int64_t>(device.sm_count, units));
  plan.warps = static_cast<int>(
      std::min<std::int64_t>({Tile::kMaxWarps, device.shared_bytes_per_block / warp_bytes,
                              std::max<std::int64_t>(1, divide_up(units, plan.blocks))}));
  plan.shared_bytes = plan.warps * warp_bytes;
  return plan;
}

std::int64_t workspace_bytes(const DecodeProblem& problem, const DecodePlan& plan) {
  return PartialLayout(problem, plan).bytes();
}

std::string describe(const DecodePlan& plan) {
  return fmt::format("{} blocks x {} warps, {} lines, {} B shared", plan.blocks, plan.warps,
                     plan.lines, plan.shared_bytes);
}

}  // namespace kvroof::attention
