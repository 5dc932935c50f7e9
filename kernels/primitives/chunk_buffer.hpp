// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a staged chunk lies in shared memory: as in global memory, so that one copy brings it. Then
// every lane moves its tail to where its next lines would be (chunk_stage.cuh).
//
//   byte 0   kChunkOffset                kSlotsOffset
//   | free   | header | bitmaps          | full lines | tails, then the lines that they fill |

#include <cstdint>

#include "kernels/format/lane_chunk.hpp"

namespace kvroof {

template <int HeadDim>
struct ChunkBuffer {
  static constexpr int kChunkOffset = 32;  // free bytes before it: barrier objects
  static_assert(kChunkOffset % 16 == 0, "a bulk copy wants 16-byte aligned addresses");
  /// Of line 0.
  static constexpr int kSlotsOffset =
      kChunkOffset + static_cast<int>(lane_chunk::slots_offset(HeadDim));

  /// Zero slots that end every stream: the expander reads the slot of its position and the next
  /// one.
  static constexpr int kEndSlots = 2;
  /// Lines of a chunk whose longest lane keeps everything.
  static constexpr int kMaxLines = lane_chunk::max_lane_slots(HeadDim) + kEndSlots;
  /// Lines that a compact chunk takes, whatever its lanes.
  static constexpr int compact_lines(int kept) {
    return static_cast<int>((lane_chunk::slots(kept) + lane_chunk::kLanes - 1) /
                            lane_chunk::kLanes);
  }

  static constexpr std::int64_t bytes(int lines) {
    return kSlotsOffset + std::int64_t{lines} * lane_chunk::kLineBytes;
  }
  /// Lines of two adjoining buffers of `lines` lines used as one.
  static constexpr int joined_lines(int lines) {
    return 2 * lines + kSlotsOffset / lane_chunk::kLineBytes;
  }
};

}  // namespace kvroof
