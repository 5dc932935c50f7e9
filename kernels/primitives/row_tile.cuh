// SPDX-License-Identifier: Apache-2.0
#pragma once

// 16 dense rows of K or V in shared memory, and what one warp does with them on tensor cores: the
// rows are the M of the first mma (scores) and the K of the second (outputs), 8 query heads the N
// of both. Throughout, lane = 4g + t.

#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/primitives/online_softmax.cuh"
#include "kernels/primitives/query_fragments.cuh"

namespace kvroof::KVROOF_BACKEND {

template <int HeadDim>
struct RowTile {
  static constexpr int kRows = lane_chunk::kTileTokens;
  // 8 elements of padding put the eight rows of an 8x8 matrix on different banks.
  static constexpr int kRowElements = HeadDim + 8;
  alignas(16) std::uint16_t rows[kRows][kRowElements];
};

/// Rows of a cache in global memory: a ring of `capacity` rows of `channels` elements, a multiple
/// of 8. Token p is in row p % capacity.
template <class Value>
struct RowRing {
  const Value* rows;
  int capacity;
  int channels;
};

/// Starts copying up to 16 rows of `ring`, from token `first` on, each lane its share. Rows from
/// `count` and channels from ring.channels on become 0.
template <class Value, int HeadDim>
KVROOF_DEVICE void stage_rows(RowTile<HeadDim>& tile, const RowRing<Value>& ring, int first,
                              int count, U32 lane) {
  constexpr int piece = 8;  // elements of a 16-byte copy
  constexpr int row_pieces = HeadDim / piece;
  constexpr int rows_at_once = kWarpSize / row_pieces;
  const int first_row = first < ring.capacity ? first : first % ring.capacity;
  const Value* rows = ring.rows + std::int64_t{first_row} * ring.channels;
  const Value* wrapped = rows - std::int64_t{ring.capacity} * ring.channels;
  const U32 column = lane % static_cast<unsigned>(row_pieces) * static_cast<unsigned>(piece);
  const bool has_column = column < static_cast<unsigned>(ring.channels);
  KVROOF_UNROLL
  for (int begin = 0; begin < RowTile<HeadDim>::kRows; begin += rows_at_once) {
    const U32 row = lane / static_cast<unsigned>(row_pieces) + static_cast<unsigned>(begin);
    const bool valid = row < static_cast<unsigned>(count) && has_column;
    const bool before_wrap = row < static_cast<unsigned>(ring.capacity - first_row);
    void* target =
        &tile.rows[0][0] + row * static_cast<unsigned>(RowTile<HeadDim>::kRowElements) + column;
    copy_async_16_if(
        valid, target,
        (before_wrap ? rows : wrapped) + (row * static_cast<unsigned>(ring.channels) + column));
    store_shared_if<U32x4>(!valid, target, U32x4{0u, 0u, 0u, 0u});
  }
}

/// Scores of 16 staged key rows for HeadTiles x 8 heads, scaled to base 2; -inf from row `count`
/// on. Queries: RegisterQueries or SharedQueries.
template <class Value, int HeadDim, class Queries, int HeadTiles>
KVROOF_DEVICE void score_rows(const RowTile<HeadDim>& keys, const Queries& queries,
                              float scale_log2, int count, U32 lane,
                              F32 (&scores)[HeadTiles][1][4]) {
  const U32 row = lane & 15u;
  const U32 column = (lane >> 4) * 8u;
  KVROOF_UNROLL
  for (int head_tile = 0; head_tile < HeadTiles; ++head_tile) {
    KVROOF_UNROLL
    for (int c = 0; c < 4; ++c) scores[head_tile][0][c] = 0.0f;
  }
  KVROOF_UNROLL
  for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
    U32 a[4];
    load_matrix_x4(a, &keys.rows[0][0] +
                          row * static_cast<unsigned>(RowTile<HeadDim>::kRowElements) + column +
                          step * lane_chunk::kStepChannels);
    KVROOF_UNROLL
    for (int head_tile = 0; head_tile < HeadTiles; ++head_tile) {
      const U32x2 b = queries(head_tile, step);
      mma_m16n8k16<Value>(scores[head_tile][0], a, b.x, b.y);
    }
  }
  const U32 g = lane >> 2;
  const bool valid[2] = {g < static_cast<unsigned>(count), g + 8u < static_cast<unsigned>(count)};
  KVROOF_UNROLL
  for (int head_tile = 0; head_tile < HeadTiles; ++head_tile) {
    scale_scores(scores[head_tile][0], scale_log2);
    KVROOF_UNROLL
    for (int c = 0; c < 4; ++c)
      scores[head_tile][0][c] = select(valid[c / 2], scores[head_tile][0][c], F32(kMinusInfinity));
  }
}

/// Adds probabilities x values of 16 staged rows to the outputs of HeadTiles x 8 heads, whose
/// channels stand as in lane_chunk::value_channel().
template <class Value, int HeadDim, int HeadTiles>
KVROOF_DEVICE void accumulate_rows(const RowTile<HeadDim>& values,
                                   const F32 (&probabilities)[HeadTiles][1][4], U32 lane,
                                   WarpResult<HeadDim> (&results)[HeadTiles]) {
  const U32 row = (lane & 7u) + ((lane >> 4) << 3);
  const U32 column = ((lane >> 3) & 1u) * 8u;
  U32 b[HeadTiles][2];
  KVROOF_UNROLL
  for (int head_tile = 0; head_tile < HeadTiles; ++head_tile)
    probabilities_as_operand<Value>(probabilities[head_tile][0], b[head_tile]);
  KVROOF_UNROLL
  for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
    U32 a[4];
    load_matrix_x4_transposed(a, &values.rows[0][0] +
                                     row * static_cast<unsigned>(RowTile<HeadDim>::kRowElements) +
                                     column + step * lane_chunk::kStepChannels);
    KVROOF_UNROLL
    for (int head_tile = 0; head_tile < HeadTiles; ++head_tile)
      mma_m16n8k16<Value>(results[head_tile].outputs[step], a, b[head_tile][0], b[head_tile][1]);
  }
}

}  // namespace kvroof::KVROOF_BACKEND
