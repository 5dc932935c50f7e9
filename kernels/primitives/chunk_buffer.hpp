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
  /// Bulk copies are fastest to multiples of 128 bytes (docs/kernels/attention.md).
  static constexpr int kAlignment = 128;
  static constexpr int kChunkOffset = kAlignment;  // free bytes before it: barrier objects
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

  /// So that an adjoining buffer is aligned too.
  static constexpr std::int64_t bytes(int lines) {
    const std::int64_t used = kSlotsOffset + std::int64_t{lines} * lane_chunk::kLineBytes;
    return (used + kAlignment - 1) / kAlignment * kAlignment;
  }
  /// Lines of a buffer of `bytes` bytes.
  static constexpr int lines_of(std::int64_t bytes) {
    return static_cast<int>((bytes / kAlignment * kAlignment - kSlotsOffset) /
                            lane_chunk::kLineBytes);
  }
  /// Lines of two adjoining buffers of `lines` lines used as one.
  static constexpr int joined_lines(int lines) { return lines_of(2 * bytes(lines)); }
};

}  // namespace kvroof
