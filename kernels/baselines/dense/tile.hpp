// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/baselines/dense/problem.hpp"

namespace kvroof::dense {

inline constexpr int kMaxGroup = 16;      // query heads of a kv head
inline constexpr int kPieceChannels = 8;  // of a 16-byte copy

/// Compile-time sizes of the dense kernel for one head_dim and HeadTiles x 8 query heads of a
/// group.
///
/// A warp's shared memory is a ring of stages, each 16 rows of keys and 16 of values, behind it the
/// queries where registers do not suffice; at the end the warp's result for the merge in the block.
template <int HeadDim, int HeadTiles>
struct DenseTile {
  static_assert(HeadDim == 64 || HeadDim == 128 || HeadDim == 256,
                "a warp copies whole rows of 8, 16 or 32 pieces of 16 bytes at once");
  static constexpr int kHeadDim = HeadDim;
  static constexpr int kHeadTiles = HeadTiles;
  static constexpr int kMaxGroup = 8 * HeadTiles;
  // Outputs and queries of 16 heads x 256 channels would take 192 registers of a thread.
  static constexpr bool kQueriesInShared = HeadDim * HeadTiles > 256;
  // 16 to 17 KB a warp are under way while 8 are used: with 8 warps, three times what latency x
  // bandwidth of an H200 needs per SM.
  static constexpr int kMaxWarps = kQueriesInShared ? 3 : HeadDim == 256 ? 4 : 8;
  static constexpr int kStages = HeadDim == 64 ? 6 : 3;
  static constexpr int kMaxThreads = 32 * kMaxWarps;

  // 8 elements of padding, as in primitives/row_tile.cuh.
  static constexpr std::int64_t kStageBytes = 2 * kUnitTokens * (HeadDim + 8) * 2;
  static constexpr std::int64_t kQueryBytes = kQueriesInShared ? kMaxGroup * HeadDim * 2 : 0;
  static constexpr std::int64_t kWarpBytes = kStages * kStageBytes + kQueryBytes;

  // 4 floats of padding: heads 2t and channels g of a warp meet in 32 different banks.
  static constexpr int kMergeRow = HeadDim + 4;
  struct MergeShared {
    float outputs[kMaxGroup][kMergeRow];
    float maxima[kMaxGroup];
    float sums[kMaxGroup];
  };
  static_assert(sizeof(MergeShared) <= kWarpBytes, "a warp's stages hold its result");
};

}  // namespace kvroof::dense
