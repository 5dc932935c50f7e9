// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention of one warp to chunks of the compressed prefix.

#include "kernels/attention/warp_state.cuh"
#include "kernels/primitives/bitmap_expand.cuh"
#include "kernels/primitives/chunk_stage.cuh"
#include "kernels/primitives/static_for.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

/// The chunks of one row of K or V, from one on.
struct ChunkReader {
  const std::byte* next;
  int stride;
};
template <int HeadDim>
KVROOF_DEVICE ChunkReader read_chunks(const kvroof::attention::CompressedOperand& operand, int row,
                                      int chunk_capacity, int first) {
  const std::int64_t stride = lane_chunk::chunk_bytes(HeadDim, operand.kept);
  return {operand.chunks + (chunk_capacity * std::int64_t{row} + first) * stride,
          static_cast<int>(stride)};
}

/// A chunk that can be expanded.
struct StagedChunk {
  const std::byte* bitmaps;
  const std::byte* column;  // the calling lane's
};

/// Scores of the 64 tokens of a key chunk, not scaled.
template <class Value, int HeadDim>
KVROOF_DEVICE void score_chunk(const StagedChunk& chunk, const QueryFragments<HeadDim>& queries,
                               U32 lane, F32 (&scores)[lane_chunk::kTiles][4]) {
  const U32 bitmaps = shared_address(chunk.bitmaps);
  LaneStream stream = open_stream(chunk.column);
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
  }
}

/// Adds probabilities x values of the 64 tokens of a value chunk to the outputs.
template <class Value, int HeadDim>
KVROOF_DEVICE void accumulate_chunk(const StagedChunk& chunk,
                                    const F32 (&probabilities)[lane_chunk::kTiles][4], U32 lane,
                                    F32 (&outputs)[lane_chunk::steps(HeadDim)][4]) {
  const U32 bitmaps = shared_address(chunk.bitmaps);
  LaneStream stream = open_stream(chunk.column);
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

  /// Starts copying the reader's next chunk.
  KVROOF_DEVICE void start_keys(ChunkReader& chunks) {
    start_warp_copy(key_copy, keys + ChunkBuffer<HeadDim>::kChunkOffset, chunks.next,
                    chunks.stride);
    chunks.next += chunks.stride;
  }
  KVROOF_DEVICE void start_values(ChunkReader& chunks) {
    start_warp_copy(value_copy, values + ChunkBuffer<HeadDim>::kChunkOffset, chunks.next,
                    chunks.stride);
    chunks.next += chunks.stride;
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

/// The chunk that `buffer` holds, spread there, or gathered over all of the buffers from `source`.
template <int HeadDim>
KVROOF_DEVICE StagedChunk stage_chunk(std::byte* buffer, const LaneShare& share, bool spread,
                                      const std::byte* source, U32 lane) {
  if (spread) {
    spread_tails<HeadDim>(buffer, share, lane);
  } else {
    gather_streams<HeadDim>(buffer, source, share, lane);
  }
  return {buffer + ChunkBuffer<HeadDim>::kChunkOffset + lane_chunk::kHeaderBytes,
          column_of<HeadDim>(buffer, lane)};
}

/// Attends to chunks [chunk, end) of a row, one after the other. The next keys are on their way
/// while values are used and the other way round. A chunk with a lane too long for one buffer takes
/// both: what is under way is awaited and dropped, and its values come into the same place once its
/// keys are done. Called by: all 32 lanes, converged. Leaves no copy under way.
template <class Value, int HeadDim>
KVROOF_DEVICE void attend_chunks(const DecodeProblem& problem, const Row& row, int chunk, int end,
                                 WarpBuffers<HeadDim>& buffers, WarpResult<HeadDim>& result) {
  constexpr int chunk_offset = ChunkBuffer<HeadDim>::kChunkOffset;
  const U32 lane = lane_index();
  ChunkReader keys = read_chunks<HeadDim>(problem.keys, row.index, problem.chunk_capacity, chunk);
  ChunkReader values =
      read_chunks<HeadDim>(problem.values, row.index, problem.chunk_capacity, chunk);
  buffers.start_keys(keys);
  buffers.start_values(values);
  // update_softmax() wants a scale that keeps the order of the scores.
  const float scale = (problem.softmax_scale < 0.0f ? -kLog2E : kLog2E) * problem.softmax_scale;
  QueryFragments<HeadDim> queries;
  load_queries<Value>(problem, row, ChunkOrder{}, lane, queries);
  if (problem.softmax_scale < 0.0f) negate(queries);

  bool under_way = true;  // the chunk's copies
  KVROOF_NO_UNROLL
  for (; chunk < end; ++chunk) {
    if (!under_way) {
      buffers.start_keys(keys);
      buffers.start_values(values);
    }
    const bool has_next = chunk + 1 < end;

    wait_warp_copy(buffers.key_copy);
    const LaneShare key_share = load_lane_share(buffers.keys + chunk_offset, lane);
    bool apart = fits<HeadDim>(key_share, buffers.lines);  // keys and values in a buffer each
    if (!apart) wait_warp_copy(buffers.value_copy);
    F32 scores[lane_chunk::kTiles][4];
    score_chunk<Value, HeadDim>(
        stage_chunk<HeadDim>(buffers.keys, key_share, apart, keys.next - keys.stride, lane),
        queries, lane, scores);
    if (has_next && apart) buffers.start_keys(keys);

    std::byte* value_buffer = buffers.values;
    LaneShare value_share;
    if (apart) {
      wait_warp_copy(buffers.value_copy);
      value_share = load_lane_share(buffers.values + chunk_offset, lane);
      apart = fits<HeadDim>(value_share, buffers.lines);
      if (!apart && has_next) {
        wait_warp_copy(buffers.key_copy);
        keys.next -= keys.stride;
      }
    }
    update_softmax(scores, scale, result.softmax, result.outputs);
    const std::byte* source = values.next - values.stride;
    if (!apart) {
      value_buffer = buffers.keys;
      start_warp_copy(buffers.key_copy, buffers.keys + chunk_offset, source, values.stride);
      wait_warp_copy(buffers.key_copy);
      value_share = load_lane_share(buffers.keys + chunk_offset, lane);
    }
    accumulate_chunk<Value, HeadDim>(
        stage_chunk<HeadDim>(value_buffer, value_share, apart, source, lane), scores, lane,
        result.outputs);
    under_way = has_next && apart;
    if (under_way) buffers.start_values(values);
  }
}

}  // namespace kvroof::KVROOF_BACKEND::attention
