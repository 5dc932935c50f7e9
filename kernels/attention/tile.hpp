// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/primitives/chunk_buffer.hpp"

namespace kvroof::attention {

inline constexpr int kMaxGroup = 16;  // query heads of a kv head

/// Compile-time sizes of the decode kernel for one head_dim and HeadTiles x 8 query heads of a
/// group, and the layout of a warp's shared memory:
///
///   | buffer of a key chunk | buffer of a value chunk | queries, where registers do not suffice |
///
/// (primitives/chunk_buffer.hpp). The buffers adjoin, so that a chunk with a very long lane can
/// take both. For the dense window the same bytes hold two tiles of 16 rows of keys and of values;
/// at the end they hold what the warp leaves for the merge in the block.
template <int HeadDim, int HeadTiles = 1>
struct DecodeTile {
  static_assert(HeadDim == 64 || HeadDim == 128 || HeadDim == 256,
                "a lane reads its bitmap bits of a tile with one 4-, 8- or 16-byte load");
  using Buffer = ChunkBuffer<HeadDim>;
  static constexpr int kHeadDim = HeadDim;
  static constexpr int kHeadTiles = HeadTiles;  // of 8 query heads of a kv head: the N of the mma
  static constexpr int kMaxGroup = 8 * HeadTiles;
  // Outputs, queries and scores of 16 heads x 256 channels would take 224 registers of a thread.
  static constexpr bool kQueriesInShared = HeadDim * HeadTiles > 256;
  // A block has the 65536 registers of an SM: 168 per thread with 12 warps, 255 with 8. For 256
  // channels shared memory holds 4 to 6 warps.
  static constexpr int kMaxWarps = HeadTiles == 1 && HeadDim <= 128 ? 12 : 8;
  static constexpr int kMaxThreads = 32 * kMaxWarps;

  static constexpr std::int64_t kQueryBytes = kQueriesInShared ? kMaxGroup * HeadDim * 2 : 0;
  static_assert(kQueryBytes % Buffer::kAlignment == 0, "the next warp's buffers are aligned, too");
  static constexpr std::int64_t query_offset(int lines) { return 2 * Buffer::bytes(lines); }
  static constexpr std::int64_t warp_bytes(int lines) { return query_offset(lines) + kQueryBytes; }
  /// The fewest lines of a buffer with which two of them hold any chunk.
  static constexpr int kMinLines =
      (Buffer::kMaxLines - Buffer::kSlotsOffset / lane_chunk::kLineBytes + 1) / 2;
  static_assert(Buffer::joined_lines(kMinLines) >= Buffer::kMaxLines, "two buffers hold any chunk");

  /// The barrier objects of the warp's two copies lie in the free bytes before the key chunk.
  struct CopyBarriers {
    std::uint64_t keys;
    std::uint64_t values;
  };
  static_assert(sizeof(CopyBarriers) <= Buffer::kChunkOffset,
                "the barrier objects fit before the chunk");

  // 4 floats of padding: heads 2t and channels g of a warp meet in 32 different banks.
  static constexpr int kMergeRow = HeadDim + 4;
  struct MergeShared {
    CopyBarriers barriers;
    float outputs[kMaxGroup][kMergeRow];
    float maxima[kMaxGroup];
    float sums[kMaxGroup];
  };
  static_assert(sizeof(MergeShared) <= query_offset(kMinLines), "a warp's buffers hold its result");
};

}  // namespace kvroof::attention
