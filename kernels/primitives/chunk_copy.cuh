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
KVROOF_DEVICE void copy_full_lines(std::byte* lines, const std::byte* slots, int full_lines,
                                   U32 lane) {
  constexpr int piece = 16;
  const int bytes = full_lines * lane_chunk::kLineBytes;
  const U32 offset = lane * static_cast<unsigned>(piece);
  KVROOF_NO_UNROLL
  for (int first = 0; first < bytes; first += kWarpSize * piece) {
    copy_async_16_if(offset < static_cast<unsigned>(bytes - first), lines + first + offset,
                     slots + first + offset);
  }
}

/// Starts copying the lines that only some lanes have, one slot per lane.
KVROOF_DEVICE void copy_ragged_lines(std::byte* lines, const std::byte* slots, int full_lines,
                                     int all_lines, U32 lane_slots, U32 lane) {
  const U32 lower_lanes = (U32(1u) << lane) - 1u;
  std::byte* column = lines + lane * lane_chunk::kSlotBytes;
  const std::byte* source = slots + full_lines * lane_chunk::kLineBytes;
  KVROOF_NO_UNROLL
  for (int line = full_lines; line < all_lines; ++line) {
    const bool has_slot = lane_slots > static_cast<unsigned>(line);
    const U32 lanes = ballot(has_slot);
    copy_async_8_if(has_slot, column + line * lane_chunk::kLineBytes,
                    source + popcount(lanes & lower_lanes) * lane_chunk::kSlotBytes);
    source += popcount(lanes) * lane_chunk::kSlotBytes;
  }
}

/// The expander reads the slot of its position and the next one, at the end of a stream too.
inline constexpr int kEndSlots = 2;

/// Starts the copies of one chunk into buffers whose previous content nobody reads any more; the
/// caller commits and waits. Ends every stream with a zero slot, because the expander reads one
/// slot ahead. Called by: all 32 lanes, converged; `lane_slots` is load_lane_slots() of the chunk,
/// below the lines of the buffer.
template <int HeadDim>
KVROOF_DEVICE void stage_chunk(std::byte* lines, std::byte* bitmaps, const std::byte* chunk,
                               U32 lane_slots, U32 lane) {
  constexpr int piece = 16;
  constexpr int bitmap_bytes = static_cast<int>(lane_chunk::bitmap_bytes(HeadDim));
  static_assert(bitmap_bytes % (kWarpSize * piece) == 0, "the warp copies bitmaps in whole rounds");
  KVROOF_UNROLL
  for (int first = 0; first < bitmap_bytes; first += kWarpSize * piece) {
    const U32 offset = lane * static_cast<unsigned>(piece);
    copy_async_16(bitmaps + first + offset, chunk + lane_chunk::kHeaderBytes + first + offset);
  }
  const std::byte* slots = chunk + lane_chunk::slots_offset(HeadDim);
  const int full_lines = static_cast<int>(warp_min(lane_slots));
  const int all_lines = static_cast<int>(warp_max(lane_slots));
  copy_full_lines(lines, slots, full_lines, lane);
  copy_ragged_lines(lines, slots, full_lines, all_lines, lane_slots, lane);
  std::byte* end = lines + lane_slots * lane_chunk::kLineBytes + lane * lane_chunk::kSlotBytes;
  store_shared<U32x2>(end, U32x2{0u, 0u});
  store_shared<U32x2>(end + lane_chunk::kLineBytes, U32x2{0u, 0u});
}

}  // namespace kvroof::KVROOF_BACKEND
