// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a chunk in global memory to columns in shared memory that the expander can walk
// (chunk_buffer.hpp): slot s of lane l lies 256 s + 8 l bytes behind line 0. A lane then reads from
// its own banks only, whatever positions the lanes are at.

#include <array>

#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/primitives/chunk_buffer.hpp"
#include "kernels/primitives/static_for.cuh"

namespace kvroof::KVROOF_BACKEND {

/// The calling lane's share of a chunk, and where it stands in it.
struct LaneShare {
  U32 tail_begin, tail_end;  // of the lane, in slots
  U32 full_lines;
  U32 longest_tail;  // of any lane
};

/// Reads the header of the chunk at `chunk`, in shared memory.
KVROOF_DEVICE LaneShare load_lane_share(const std::byte* chunk, U32 lane) {
  using lane_chunk::Header;
  const U32x2 totals = load_shared<U32x2>(chunk);  // in the high bits of lanes 0 to 3
  const auto high_bits = [](U32 two_lanes) {
    return ((two_lanes >> Header::kEndBits) & 0xfu) | ((two_lanes >> 24) & 0xf0u);
  };
  const U32 own = load_shared_u16(chunk + 2u * lane);
  const U32 below = load_shared_u16(chunk + 2u * (lane - min_u32(lane, 1u)));
  return {select(lane == 0u, U32(0u), below & U32(unsigned{Header::kEndMask})),
          own & U32(unsigned{Header::kEndMask}), high_bits(totals.x), high_bits(totals.y)};
}

/// Slots of a tail that spread_tails() can hold in registers.
inline constexpr int kMostTailSlots = 16;

/// Whether the chunk can be spread in a buffer of `lines` lines.
template <int HeadDim>
KVROOF_DEVICE bool fits(const LaneShare& share, int lines) {
  constexpr unsigned end = ChunkBuffer<HeadDim>::kEndSlots;
  return share.full_lines + share.longest_tail + end <= static_cast<unsigned>(lines) &&
         share.longest_tail <= static_cast<unsigned>(kMostTailSlots);
}

/// The lane's slot of line 0.
template <int HeadDim>
KVROOF_DEVICE std::byte* column_of(std::byte* buffer, U32 lane) {
  return buffer + ChunkBuffer<HeadDim>::kSlotsOffset +
         lane * static_cast<unsigned>(lane_chunk::kSlotBytes);
}

/// Puts zeros behind the `slots` slots of a lane from `column` on.
template <int HeadDim>
KVROOF_DEVICE void end_stream(std::byte* column, U32 slots) {
  std::byte* end = column + slots * static_cast<unsigned>(lane_chunk::kLineBytes);
  KVROOF_UNROLL
  for (int slot = 0; slot < ChunkBuffer<HeadDim>::kEndSlots; ++slot) {
    store_shared<U32x2>(end + slot * lane_chunk::kLineBytes, U32x2{0u, 0u});
  }
}

/// Moves every lane's tail to the lines behind the full ones, which is where the tails lie: all are
/// read before the first is written. `buffer` holds a copied chunk that fits().
/// Called by: all 32 lanes, converged.
template <int HeadDim>
KVROOF_DEVICE void spread_tails(std::byte* buffer, const LaneShare& share, U32 lane) {
  std::byte* target = column_of<HeadDim>(buffer, lane) +
                      share.full_lines * static_cast<unsigned>(lane_chunk::kLineBytes);
  const std::byte* source = buffer + ChunkBuffer<HeadDim>::kSlotsOffset +
                            share.full_lines * static_cast<unsigned>(lane_chunk::kLineBytes) +
                            share.tail_begin * static_cast<unsigned>(lane_chunk::kSlotBytes);
  const int own = as_int(share.tail_end - share.tail_begin);
  // Tails of scattered masks are 7 to 8 slots long, few more than 10.
  constexpr std::array ends = {0, 7, 10, kMostTailSlots};  // what is moved if any tail is longer
  const auto of_all_slots = [&](auto&& move) {
    static_for<ends.size() - 1>([&](auto stage) {
      constexpr int first = ends[stage()], end = ends[stage() + 1];
      if (first == 0 || share.longest_tail > static_cast<unsigned>(first)) {
        KVROOF_UNROLL
        for (int i = first; i < end; ++i) move(i);
      }
    });
  };
  U32x2 slots[kMostTailSlots];
  of_all_slots([&](int i) {
    slots[i] = load_shared_if<U32x2>(i < own, source + i * lane_chunk::kSlotBytes);
  });
  sync_warp();
  of_all_slots([&](int i) {
    store_shared_if<U32x2>(i < own, target + i * lane_chunk::kLineBytes, slots[i]);
  });
  end_stream<HeadDim>(target, share.tail_end - share.tail_begin);
}

/// For a chunk that does not fit: every lane fetches its slots from global memory itself. `buffer`
/// has kMaxLines lines; header and bitmaps stay. Called by: all 32 lanes, converged.
template <int HeadDim>
KVROOF_DEVICE void gather_streams(std::byte* buffer, const std::byte* chunk, const LaneShare& share,
                                  U32 lane) {
  const std::byte* source = chunk + lane_chunk::slots_offset(HeadDim);
  std::byte* column = column_of<HeadDim>(buffer, lane);
  const U32 slots = share.full_lines + (share.tail_end - share.tail_begin);
  const U32 tails = share.full_lines * static_cast<unsigned>(lane_chunk::kLanes);
  const int lines = as_int(share.full_lines + share.longest_tail);
  sync_warp();  // every lane has read its share
  KVROOF_NO_UNROLL
  for (int line = 0; line < lines; ++line) {
    const U32 slot = static_cast<unsigned>(line);
    const U32 from =
        select(slot < share.full_lines, slot * static_cast<unsigned>(lane_chunk::kLanes) + lane,
               tails + share.tail_begin + (slot - share.full_lines));
    const U32x2 value = load_global_if<U32x2>(
        slot < slots, source + from * static_cast<unsigned>(lane_chunk::kSlotBytes));
    store_shared_if<U32x2>(slot < slots, column + line * lane_chunk::kLineBytes, value);
  }
  end_stream<HeadDim>(column, slots);
}

}  // namespace kvroof::KVROOF_BACKEND
