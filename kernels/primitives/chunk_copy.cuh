// SPDX-License-Identifier: Apache-2.0
#pragma once

// Global -> shared for one chunk of the lane-chunk format: the compact lines become columns, lane
// l's slot of line s at byte 256 s + 8 l, so that whatever positions the lanes read from, they
// never meet in a bank.

#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND {

/// How many slots the calling lane has in `chunk`.
KVROOF_DEVICE U32 load_lane_slots(const std::byte* chunk, U32 lane) {
  return load_global_u8(chunk + lane);
}

/// Starts copying the lines that every lane has, 16 bytes at a time.
template <class Stage>
KVROOF_DEVICE void copy_full_lines(Stage& stage, const std::byte* slots, int full_lines, U32 lane) {
  constexpr int piece = 16;
  const int pieces = full_lines * (lane_chunk::kLineBytes / piece);
  for (int first = 0; first < pieces; first += kWarpSize) {
    const U32 index = lane + static_cast<unsigned>(first);
    copy_async_16_if(index < static_cast<unsigned>(pieces), &stage.lines[0][0] + index * piece,
                     slots + index * piece);
  }
}

/// Starts copying the lines that only some lanes have, one slot per lane.
template <class Stage>
KVROOF_DEVICE void copy_ragged_lines(Stage& stage, const std::byte* slots, int full_lines,
                                     int lines, U32 lane_slots, U32 lane) {
  const U32 lower_lanes = (U32(1u) << lane) - 1u;
  int slot = full_lines * lane_chunk::kLanes;
  for (int line = full_lines; line < lines; ++line) {
    const bool has_slot = lane_slots > static_cast<unsigned>(line);
    const U32 lanes = ballot(has_slot);
    const U32 source = popcount(lanes & lower_lanes) + static_cast<unsigned>(slot);
    copy_async_8_if(has_slot, &stage.lines[line][0] + lane * lane_chunk::kSlotBytes,
                    slots + source * lane_chunk::kSlotBytes);
    slot += static_cast<int>(popcount(lanes));
  }
}

/// Starts the copies of one chunk into `stage`, whose previous content nobody reads any more; the
/// caller commits and waits. Ends every stream with a zero slot, because the expander reads one
/// slot ahead. Called by: all 32 lanes, converged; `lane_slots` is load_lane_slots() of the chunk.
template <int HeadDim, class Stage>
KVROOF_DEVICE void stage_chunk(Stage& stage, const std::byte* chunk, U32 lane_slots, U32 lane) {
  constexpr int piece = 16;
  constexpr int bitmap_pieces = static_cast<int>(lane_chunk::bitmap_bytes(HeadDim)) / piece;
  static_assert(bitmap_pieces % kWarpSize == 0, "the warp copies bitmaps in whole rounds");
  KVROOF_UNROLL
  for (int first = 0; first < bitmap_pieces; first += kWarpSize) {
    const U32 index = lane + static_cast<unsigned>(first);
    copy_async_16(&stage.bitmaps[0] + index * piece,
                  chunk + lane_chunk::kHeaderBytes + index * piece);
  }
  const std::byte* slots = chunk + lane_chunk::slots_offset(HeadDim);
  const int full_lines = static_cast<int>(warp_min(lane_slots));
  const int lines = static_cast<int>(warp_max(lane_slots));
  copy_full_lines(stage, slots, full_lines, lane);
  copy_ragged_lines(stage, slots, full_lines, lines, lane_slots, lane);
  store_shared<U32x2>(
      &stage.lines[0][0] + lane_slots * lane_chunk::kLineBytes + lane * lane_chunk::kSlotBytes,
      U32x2{0u, 0u});
}

}  // namespace kvroof::KVROOF_BACKEND
