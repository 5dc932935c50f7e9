// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a chunk in global memory to columns in shared memory that the expander can walk
// (chunk_buffer.hpp).

#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/primitives/chunk_buffer.hpp"

namespace kvroof::KVROOF_BACKEND {

/// How many slots the calling lane has in the chunk that `buffer` holds.
template <int HeadDim>
KVROOF_DEVICE U32 staged_lane_slots(const std::byte* buffer, U32 lane) {
  return load_shared_u8(buffer + ChunkBuffer<HeadDim>::kChunkOffset + lane);
}

/// Puts every slot behind the full lines at its place, lane l's slot of line s at byte 256 s + 8 l
/// of the lines, and ends every stream with zero slots. A lane then reads from its own banks only,
/// whatever positions the lanes are at. In place: the compact slots of a line never lie behind the
/// line, so lines are moved from the last one down. Called by: all 32 lanes, converged; the buffers
/// have kEndSlots lines more than the longest lane has slots.
template <int HeadDim>
KVROOF_DEVICE void spread_lines(std::byte* lines, U32 lane_slots, U32 lane) {
  constexpr int batch = 4;  // lines that are read before the first is written
  const int full_lines = as_int(warp_min(lane_slots));
  const int all_lines = as_int(warp_max(lane_slots));
  const U32 lower_lanes = (U32(1u) << lane) - 1u;
  std::byte* column = lines + lane * static_cast<unsigned>(lane_chunk::kSlotBytes);
  U32 source = warp_sum(lane_slots);  // slots of the lines not yet moved
  KVROOF_NO_UNROLL
  for (int last = all_lines - 1; last >= full_lines; last -= batch) {
    U32x2 slots[batch];
    bool has_slot[batch];
    KVROOF_UNROLL
    for (int i = 0; i < batch; ++i) {
      const int line = last - i;
      has_slot[i] = line >= full_lines && lane_slots > static_cast<unsigned>(line);
      const U32 lanes = ballot(has_slot[i]);
      source = source - popcount(lanes);
      const U32 slot = source + popcount(lanes & lower_lanes);
      slots[i] = load_shared_if<U32x2>(
          has_slot[i], lines + slot * static_cast<unsigned>(lane_chunk::kSlotBytes));
    }
    sync_warp();
    KVROOF_UNROLL
    for (int i = 0; i < batch; ++i) {
      store_shared_if<U32x2>(has_slot[i], column + (last - i) * lane_chunk::kLineBytes, slots[i]);
    }
  }
  std::byte* end = column + lane_slots * static_cast<unsigned>(lane_chunk::kLineBytes);
  KVROOF_UNROLL
  for (int slot = 0; slot < ChunkBuffer<HeadDim>::kEndSlots; ++slot) {
    store_shared<U32x2>(end + slot * lane_chunk::kLineBytes, U32x2{0u, 0u});
  }
}

}  // namespace kvroof::KVROOF_BACKEND
