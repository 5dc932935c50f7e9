// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/plan.hpp"

#include <algorithm>

#include "kernels/attention/tile.hpp"
#include "kernels/error.hpp"

namespace kvroof::attention {
namespace {

using Tile = DecodeTile<128>;

int blocks_per_sm(const DeviceInfo& device, std::int64_t shared_bytes) {
  constexpr std::int64_t reserved = 1024;  // the driver's share of every resident block
  const auto by_shared = static_cast<int>(device.shared_bytes_per_sm / (shared_bytes + reserved));
  return std::max(1, std::min(by_shared, device.warps_per_sm / Tile::kWarps));
}

int divide_up(int a, int b) { return (a + b - 1) / b; }

}  // namespace

DecodePlan make_plan(const DecodeProblem& problem, const DeviceInfo& device, int splits) {
  require(splits >= 0, "attention: splits must not be negative, got {}", splits);
  DecodePlan plan;
  plan.warps = Tile::kWarps;
  plan.shared_bytes = sizeof(Tile::Shared);
  require(plan.shared_bytes <= device.shared_bytes_per_block,
          "attention: the decode kernel needs {} bytes of shared memory per block, {} allows {}",
          plan.shared_bytes, device.name, device.shared_bytes_per_block);

  const int chunks = compressed_tokens(problem.max_kv_len, problem.window) / lane_chunk::kTokens;
  const int most =
      std::max(1, divide_up(chunks, Tile::kWarps));  // a split should give every warp a chunk
  if (splits == 0) {
    const int slots = device.sm_count * blocks_per_sm(device, plan.shared_bytes);
    splits = std::clamp(slots / (problem.batch * problem.kv_heads), 1, most);
  }
  plan.chunks_per_split = std::max(1, divide_up(chunks, splits));
  plan.splits = splits;
  return plan;
}

std::int64_t workspace_bytes(const DecodeProblem& problem, const DecodePlan& plan) {
  return PartialLayout(problem, plan).bytes();
}

std::string describe(const DecodePlan& plan) {
  return fmt::format("{} splits x {} chunks, {} warps, {} B shared", plan.splits,
                     plan.chunks_per_split, plan.warps, plan.shared_bytes);
}

}  // namespace kvroof::attention
