// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/format/lane_chunk.hpp"

namespace kvroof::attention {

/// Compile-time sizes of the decode kernel for one head_dim, and the layout of a warp's shared
/// memory:
///
///   | key lines [lines][256] | value lines [lines][256] | key bitmaps | value bitmaps |
///
/// The two line buffers adjoin, so that a chunk with a very long lane can take both. For the dense
/// window the same bytes hold 16 rows of keys and 16 of values; at the end they hold what the warp
/// leaves for the merge in the block.
template <int HeadDim>
struct DecodeTile {
  static_assert(HeadDim == 64 || HeadDim == 128 || HeadDim == 256,
                "a lane reads its bitmap bits of a tile with one 4-, 8- or 16-byte load");
  static constexpr int kMaxWarps = 12;  // 168 registers per thread at one block per SM
  static constexpr int kMaxThreads = 32 * kMaxWarps;
  static constexpr int kMaxGroup = 8;  // query heads of a kv head fill the N of the mma

  // The longest stream, and the two zero slots that end every one (primitives/chunk_copy.cuh).
  static constexpr int kMaxLines = lane_chunk::max_lane_slots(HeadDim) + 2;
  static constexpr std::int64_t warp_bytes(int lines) {
    return 2 * (std::int64_t{lines} * lane_chunk::kLineBytes + lane_chunk::bitmap_bytes(HeadDim));
  }

  // 8 elements of padding put the eight rows of an 8x8 matrix on different banks.
  static constexpr int kRowElements = HeadDim + 8;
  struct WindowShared {
    alignas(16) std::uint16_t keys[lane_chunk::kTileTokens][kRowElements];
    alignas(16) std::uint16_t values[lane_chunk::kTileTokens][kRowElements];
  };
  // 4 floats of padding: heads 2t and channels g of a warp meet in 32 different banks.
  static constexpr int kMergeRow = HeadDim + 4;
  struct MergeShared {
    float outputs[kMaxGroup][kMergeRow];
    float maxima[kMaxGroup];
    float sums[kMaxGroup];
  };
  static_assert(sizeof(WindowShared) <= warp_bytes(kMaxLines / 2),
                "a warp's buffers hold its window rows");
  static_assert(sizeof(MergeShared) <= warp_bytes(kMaxLines / 2),
                "a warp's buffers hold its result");
};

/// The buffers of one warp, as device code sees them.
template <int HeadDim>
struct WarpBuffers {
  std::byte* key_lines;
  std::byte* value_lines;
  std::byte* key_bitmaps;
  std::byte* value_bitmaps;

  constexpr WarpBuffers(std::byte* first, int lines)
      : key_lines(first),
        value_lines(first + lines * lane_chunk::kLineBytes),
        key_bitmaps(first + 2 * lines * lane_chunk::kLineBytes),
        value_bitmaps(first + 2 * lines * lane_chunk::kLineBytes +
                      lane_chunk::bitmap_bytes(HeadDim)) {}
};

}  // namespace kvroof::attention
