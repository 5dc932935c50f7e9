// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/format/lane_chunk.hpp"

namespace kvroof::attention {

/// Compile-time sizes of the decode kernel for one head_dim.
template <int HeadDim>
struct DecodeTile {
  static_assert(HeadDim == 64 || HeadDim == 128 || HeadDim == 256,
                "a lane reads its bitmap bits of a tile with one 4-, 8- or 16-byte load");
  static constexpr int kHeadDim = HeadDim;
  static constexpr int kWarps = 4;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kMaxGroup = 8;  // query heads of a kv head fill the N of the mma
  static constexpr int kSteps = lane_chunk::steps(HeadDim);

  // One zero slot ends every stream: the expander reads one slot ahead.
  static constexpr int kLines = lane_chunk::max_lane_slots(HeadDim) + 1;
  /// K or V of one chunk, staged by and for one warp.
  struct Stage {
    alignas(16) std::byte bitmaps[lane_chunk::bitmap_bytes(HeadDim)];
    alignas(16) std::byte lines[kLines][lane_chunk::kLineBytes];
  };
  struct WarpShared {
    Stage keys;
    Stage values;
  };

  // Dense window: rows of 16 tokens; 8 elements of padding put the eight rows of an 8x8 matrix on
  // different banks.
  static constexpr int kRowElements = HeadDim + 8;
  struct WindowShared {
    alignas(16) std::uint16_t keys[lane_chunk::kTileTokens][kRowElements];
    alignas(16) std::uint16_t values[lane_chunk::kTileTokens][kRowElements];
  };

  /// What the warps of a block leave for the merge inside the block. 4 floats of padding: heads 2t
  /// and channels g meet in 32 different banks.
  static constexpr int kMergeRow = HeadDim + 4;
  struct MergeShared {
    float outputs[kWarps][kMaxGroup][kMergeRow];
    float maxima[kWarps][kMaxGroup];
    float sums[kWarps][kMaxGroup];
  };

  union Shared {
    WarpShared warps[kWarps];
    WindowShared windows[kWarps];
    MergeShared merge;
  };
};

}  // namespace kvroof::attention
