// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a staged chunk lies in shared memory: as in global memory, so that one copy brings it, at an
// offset that puts line 0 on a multiple of 256. Then the ragged lines behind the full ones are
// spread to 256 bytes each.
//
//   byte 0   lead - slots_offset        lead
//   | free   | slots per lane | bitmaps | line 0 | line 1 | ...

#include <cstdint>

#include "kernels/format/lane_chunk.hpp"

namespace kvroof {

template <int HeadDim>
struct ChunkBuffer {
  /// Before line 0.
  static constexpr int kLeadBytes =
      static_cast<int>((lane_chunk::slots_offset(HeadDim) + lane_chunk::kLineBytes - 1) /
                       lane_chunk::kLineBytes * lane_chunk::kLineBytes);
  static constexpr int kChunkOffset =
      kLeadBytes - static_cast<int>(lane_chunk::slots_offset(HeadDim));
  static constexpr int kFreeBytes = kChunkOffset;
  static_assert(kChunkOffset % 16 == 0, "a bulk copy wants 16-byte aligned addresses");

  /// Zero slots that end every stream: the expander reads the slot of its position and the next
  /// one.
  static constexpr int kEndSlots = 2;
  /// Lines of a chunk whose longest lane keeps everything.
  static constexpr int kMaxLines = lane_chunk::max_lane_slots(HeadDim) + kEndSlots;

  static constexpr std::int64_t bytes(int lines) {
    return kLeadBytes + std::int64_t{lines} * lane_chunk::kLineBytes;
  }
  /// Lines of two adjoining buffers of `lines` lines used as one.
  static constexpr int joined_lines(int lines) {
    return 2 * lines + kLeadBytes / lane_chunk::kLineBytes;
  }
};

}  // namespace kvroof
