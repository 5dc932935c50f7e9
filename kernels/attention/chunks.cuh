// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention of one warp to chunks of the compressed prefix.

#include "kernels/attention/warp_state.cuh"
#include "kernels/primitives/bitmap_expand.cuh"
#include "kernels/primitives/chunk_stage.cuh"
#include "kernels/primitives/static_for.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

/// The chunks of one row of K or V.
struct ChunkArray {
  const std::byte* first;
  std::int64_t stride;
  KVROOF_DEVICE const std::byte* at(int chunk) const { return first + chunk * stride; }
};
template <int HeadDim>
KVROOF_DEVICE ChunkArray chunk_array(const kvroof::attention::CompressedOperand& operand, int row,
                                     int chunk_capacity) {
  const std::int64_t stride = lane_chunk::chunk_bytes(HeadDim, operand.kept);
  return {operand.chunks + row * (chunk_capacity * stride), stride};
}

/// Scores of the 64 tokens of a key chunk, scaled to base 2.
template <class Value, int HeadDim>
KVROOF_DEVICE void score_chunk(const std::byte* buffer, const QueryFragments<HeadDim>& queries,
                               float scale_log2, U32 lane, F32 (&scores)[lane_chunk::kTiles][4]) {
  const U32 bitmaps =
      shared_address(buffer + ChunkBuffer<HeadDim>::kChunkOffset + lane_chunk::kHeaderBytes);
  LaneStream stream = open_stream(buffer + ChunkBuffer<HeadDim>::kLeadBytes, lane);
  KVROOF_UNROLL
  for (int tile = 0; tile < lane_chunk::kTiles; ++tile) {
    const LaneBits<HeadDim> bits = load_lane_bits<HeadDim>(bitmaps, tile, lane);
    KVROOF_UNROLL
    for (int c = 0; c < 4; ++c) scores[tile][c] = 0.0f;
    static_for<lane_chunk::steps(HeadDim)>([&](auto step) {
      U32 a[4];
      expand_step<HeadDim, step()>(stream, bits, a);
      mma_m16n8k16<Value>(scores[tile], a, queries.b[step()][0], queries.b[step()][1]);
    });
    scale_scores(scores[tile], scale_log2);
  }
}

/// Adds probabilities x values of the 64 tokens of a value chunk to the outputs.
template <class Value, int HeadDim>
KVROOF_DEVICE void accumulate_chunk(const std::byte* buffer,
                                    const F32 (&probabilities)[lane_chunk::kTiles][4], U32 lane,
                                    F32 (&outputs)[lane_chunk::steps(HeadDim)][4]) {
  const U32 bitmaps =
      shared_address(buffer + ChunkBuffer<HeadDim>::kChunkOffset + lane_chunk::kHeaderBytes);
  LaneStream stream = open_stream(buffer + ChunkBuffer<HeadDim>::kLeadBytes, lane);
  KVROOF_UNROLL
  for (int tile = 0; tile < lane_chunk::kTiles; ++tile) {
    U32 b[2];
    probabilities_as_operand<Value>(probabilities[tile], b);
    const LaneBits<HeadDim> bits = load_lane_bits<HeadDim>(bitmaps, tile, lane);
    static_for<lane_chunk::steps(HeadDim)>([&](auto step) {
      U32 a[4];
      expand_step<HeadDim, step()>(stream, bits, a);
      mma_m16n8k16<Value>(outputs[step()], a, b[0], b[1]);
    });
  }
}

/// The two buffers of a warp and the copies into them.
template <int HeadDim>
struct WarpBuffers {
  std::byte* keys;
  std::byte* values;
  int lines;  // of each
  WarpCopy key_copy;
  WarpCopy value_copy;

  KVROOF_DEVICE void start_keys(const ChunkArray& chunks, int chunk) {
    start_warp_copy(key_copy, keys + ChunkBuffer<HeadDim>::kChunkOffset, chunks.at(chunk),
                    static_cast<int>(chunks.stride));
  }
  KVROOF_DEVICE void start_values(const ChunkArray& chunks, int chunk) {
    start_warp_copy(value_copy, values + ChunkBuffer<HeadDim>::kChunkOffset, chunks.at(chunk),
                    static_cast<int>(chunks.stride));
  }
  /// Whether the chunk just copied to `buffer` has a lane that is too long for one buffer.
  KVROOF_DEVICE bool needs_both(U32 lane_slots) const {
    return any(lane_slots + static_cast<unsigned>(ChunkBuffer<HeadDim>::kEndSlots) >
               static_cast<unsigned>(lines));
  }
};

/// Called by: all 32 lanes, converged; once per kernel.
template <int HeadDim>
KVROOF_DEVICE WarpBuffers<HeadDim> make_warp_buffers(std::byte* shared, int lines) {
  using Barriers = typename DecodeTile<HeadDim>::CopyBarriers;
  return {shared, shared + ChunkBuffer<HeadDim>::bytes(lines), lines,
          make_warp_copy(shared + offsetof(Barriers, keys)),
          make_warp_copy(shared + offsetof(Barriers, values))};
}

/// Attends to chunks [chunk, end) of a row, one after the other. The next keys are on their way
/// while values are used and the other way round. A chunk with a lane too long for one buffer takes
/// both: what is under way is awaited and dropped, and its values come into the same place once its
/// keys are done. Called by: all 32 lanes, converged. Leaves no copy under way.
template <class Value, int HeadDim>
KVROOF_DEVICE void attend_chunks(const DecodeProblem& problem, const Row& row, int chunk, int end,
                                 WarpBuffers<HeadDim>& buffers, WarpResult<HeadDim>& result) {
  const U32 lane = lane_index();
  const ChunkArray keys = chunk_array<HeadDim>(problem.keys, row.index, problem.chunk_capacity);
  const ChunkArray values = chunk_array<HeadDim>(problem.values, row.index, problem.chunk_capacity);
  buffers.start_keys(keys, chunk);
  buffers.start_values(values, chunk);
  QueryFragments<HeadDim> queries;
  load_queries<Value>(problem, row, ChunkOrder{}, lane, queries);

  bool under_way = true;  // the chunk's copies
  KVROOF_NO_UNROLL
  for (; chunk < end; ++chunk) {
    if (!under_way) {
      buffers.start_keys(keys, chunk);
      buffers.start_values(values, chunk);
    }
    const bool has_next = chunk + 1 < end;

    wait_warp_copy(buffers.key_copy);
    const U32 key_slots = staged_lane_slots<HeadDim>(buffers.keys, lane);
    bool alone = buffers.needs_both(key_slots);
    if (alone) wait_warp_copy(buffers.value_copy);
    spread_lines<HeadDim>(buffers.keys + ChunkBuffer<HeadDim>::kLeadBytes, key_slots, lane);
    F32 scores[lane_chunk::kTiles][4];
    score_chunk<Value, HeadDim>(buffers.keys, queries, problem.softmax_scale * kLog2E, lane,
                                scores);
    if (has_next && !alone) buffers.start_keys(keys, chunk + 1);

    update_softmax(scores, result.softmax, result.outputs);

    std::byte* value_buffer = buffers.values;
    if (!alone) {
      wait_warp_copy(buffers.value_copy);
      alone = buffers.needs_both(staged_lane_slots<HeadDim>(buffers.values, lane));
      if (alone && has_next) wait_warp_copy(buffers.key_copy);
    }
    if (alone) {
      value_buffer = buffers.keys;
      start_warp_copy(buffers.key_copy, buffers.keys + ChunkBuffer<HeadDim>::kChunkOffset,
                      values.at(chunk), static_cast<int>(values.stride));
      wait_warp_copy(buffers.key_copy);
    }
    spread_lines<HeadDim>(value_buffer + ChunkBuffer<HeadDim>::kLeadBytes,
                          staged_lane_slots<HeadDim>(value_buffer, lane), lane);
    accumulate_chunk<Value, HeadDim>(value_buffer, scores, lane, result.outputs);
    under_way = has_next && !alone;
    if (under_way) buffers.start_values(values, chunk + 1);
  }
}

}  // namespace kvroof::KVROOF_BACKEND::attention
