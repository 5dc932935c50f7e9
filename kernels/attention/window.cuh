// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention of one warp to tokens of the dense window.

#include "kernels/attention/warp_state.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

/// Copies up to 16 rows of the ring to shared memory, starting at token `first`; rows past `count`
/// become 0.
template <class Value, int HeadDim>
KVROOF_DEVICE void stage_rows(
    std::uint16_t (&rows)[lane_chunk::kTileTokens][DecodeTile<HeadDim>::kRowElements],
    const Value* ring, int ring_rows, int first, int count, U32 lane) {
  constexpr int piece = 8;  // elements of a 16-byte copy
  constexpr int row_pieces = HeadDim / piece;
  constexpr int pieces = lane_chunk::kTileTokens * row_pieces;
  KVROOF_UNROLL
  for (int begin = 0; begin < pieces; begin += kWarpSize) {
    const U32 index = lane + static_cast<unsigned>(begin);
    const U32 row = index / static_cast<unsigned>(row_pieces);
    const U32 column = index % static_cast<unsigned>(row_pieces) * piece;
    const bool valid = row < static_cast<unsigned>(count);
    const U32 ring_row = (row + static_cast<unsigned>(first)) % static_cast<unsigned>(ring_rows);
    void* target =
        &rows[0][0] + row * static_cast<unsigned>(DecodeTile<HeadDim>::kRowElements) + column;
    copy_async_16_if(valid, target, ring + ring_row * static_cast<unsigned>(HeadDim) + column);
    store_shared_if<U32x4>(!valid, target, U32x4{0u, 0u, 0u, 0u});
  }
}

/// Scores of 16 staged key rows, scaled to base 2; -inf from row `count` on.
template <class Value, int HeadDim>
KVROOF_DEVICE void score_rows(const typename DecodeTile<HeadDim>::WindowShared& shared,
                              const QueryFragments<HeadDim>& queries, float scale_log2, int count,
                              U32 lane, F32 (&scores)[4]) {
  const U32 row = lane & 15u;
  const U32 column = (lane >> 4) * 8u;
  KVROOF_UNROLL
  for (int c = 0; c < 4; ++c) scores[c] = 0.0f;
  KVROOF_UNROLL
  for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
    U32 a[4];
    load_matrix_x4(a, &shared.keys[0][0] +
                          row * static_cast<unsigned>(DecodeTile<HeadDim>::kRowElements) + column +
                          step * lane_chunk::kStepChannels);
    mma_m16n8k16<Value>(scores, a, queries.b[step][0], queries.b[step][1]);
  }
  scale_scores(scores, scale_log2);
  const U32 g = lane >> 2;
  const bool upper_valid = g < static_cast<unsigned>(count);
  const bool lower_valid = g + 8u < static_cast<unsigned>(count);
  scores[0] = select(upper_valid, scores[0], F32(kMinusInfinity));
  scores[1] = select(upper_valid, scores[1], F32(kMinusInfinity));
  scores[2] = select(lower_valid, scores[2], F32(kMinusInfinity));
  scores[3] = select(lower_valid, scores[3], F32(kMinusInfinity));
}

/// Adds probabilities x values of 16 staged rows to the outputs, whose channels stand as in
/// lane_chunk::value_channel().
template <class Value, int HeadDim>
KVROOF_DEVICE void accumulate_rows(const typename DecodeTile<HeadDim>::WindowShared& shared,
                                   const F32 (&probabilities)[4], U32 lane,
                                   F32 (&outputs)[lane_chunk::steps(HeadDim)][4]) {
  const U32 row = (lane & 7u) + ((lane >> 4) << 3);
  const U32 column = ((lane >> 3) & 1u) * 8u;
  U32 b[2];
  probabilities_as_operand<Value>(probabilities, b);
  KVROOF_UNROLL
  for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
    U32 a[4];
    load_matrix_x4_transposed(
        a, &shared.values[0][0] + row * static_cast<unsigned>(DecodeTile<HeadDim>::kRowElements) +
               column + step * lane_chunk::kStepChannels);
    mma_m16n8k16<Value>(outputs[step], a, b[0], b[1]);
  }
}

/// Attends to tokens [first, end) of a row, which lie in the dense window, 16 at a time.
/// Called by: all 32 lanes, converged.
template <class Value, int HeadDim>
KVROOF_DEVICE void attend_window(const DecodeProblem& problem, const Row& row, int first, int end,
                                 typename DecodeTile<HeadDim>::WindowShared& shared,
                                 WarpResult<HeadDim>& result) {
  const U32 lane = lane_index();
  const std::int64_t ring = std::int64_t{row.index} * problem.window_capacity * HeadDim;
  const Value* key_ring = static_cast<const Value*>(problem.window_keys) + ring;
  const Value* value_ring = static_cast<const Value*>(problem.window_values) + ring;
  QueryFragments<HeadDim> queries;
  load_queries<Value, HeadDim, RowOrder>(problem, row, lane, queries);

  KVROOF_NO_UNROLL
  for (; first < end; first += lane_chunk::kTileTokens) {
    const int count = end - first;
    sync_warp();  // before rows are overwritten
    stage_rows<Value, HeadDim>(shared.keys, key_ring, problem.window_capacity, first, count, lane);
    stage_rows<Value, HeadDim>(shared.values, value_ring, problem.window_capacity, first, count,
                               lane);
    copy_async_commit();
    copy_async_wait<0>();
    sync_warp();
    F32 scores[1][4];
    score_rows<Value, HeadDim>(shared, queries, problem.softmax_scale * kLog2E, count, lane,
                               scores[0]);
    update_softmax(scores, result.softmax, result.outputs);
    accumulate_rows<Value, HeadDim>(shared, scores[0], lane, result.outputs);
  }
  sync_warp();
}

}  // namespace kvroof::KVROOF_BACKEND::attention
