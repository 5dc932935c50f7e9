// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/attention/tile.hpp"
#include "kernels/format/two_four.hpp"

namespace kvroof::two_four {

/// Compile-time sizes of the 2:4 decode for one head_dim and HeadTiles x 8 query heads of a group,
/// and the layout of a warp's shared memory:
///
///   | barrier objects | key chunk | value chunk | queries, where registers do not suffice |
///
/// For the dense window the same bytes hold two tiles of 16 rows of each; at the end they hold
/// what the warp leaves for the merge in the block. Both begin with the barrier objects.
template <int HeadDim, int HeadTiles = 1>
struct DecodeTile {
  using Attention = attention::DecodeTile<HeadDim, HeadTiles>;
  static constexpr int kHeadDim = HeadDim;
  static constexpr int kHeadTiles = HeadTiles;
  static constexpr int kMaxWarps = Attention::kMaxWarps;
  static constexpr int kMaxThreads = Attention::kMaxThreads;

  // Bulk copies to multiples of 128 bytes are faster: 147 us for 155 (docs/kernels/two_four.md).
  static constexpr std::int64_t kCopyAlignment = 128;
  static constexpr std::int64_t kKeyOffset = kCopyAlignment;
  static_assert(sizeof(typename Attention::CopyBarriers) <= kKeyOffset,
                "the barrier objects fit before the keys");
  static constexpr std::int64_t kValueOffset = kKeyOffset + chunk_bytes(HeadDim);
  static constexpr std::int64_t kQueryOffset = kValueOffset + chunk_bytes(HeadDim);
  static constexpr std::int64_t kWarpBytes = kQueryOffset + Attention::kQueryBytes;
  static_assert(kValueOffset % kCopyAlignment == 0 && kWarpBytes % kCopyAlignment == 0,
                "every chunk of every warp lies at a multiple of it");
  static_assert(sizeof(typename Attention::MergeShared) <= kQueryOffset,
                "a warp's chunks leave room for its result");
};

}  // namespace kvroof::two_four
