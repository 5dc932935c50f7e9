// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention of one warp to chunks of the compressed prefix.

#include "kernels/attention/warp_state.cuh"
#include "kernels/primitives/bitmap_expand.cuh"
#include "kernels/primitives/chunk_copy.cuh"
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

/// Scores of the 64 tokens of a staged key chunk, scaled to base 2.
template <class Value, int HeadDim>
KVROOF_DEVICE void score_chunk(const std::byte* lines, const std::byte* bitmaps,
                               const QueryFragments<HeadDim>& queries, float scale_log2, U32 lane,
                               F32 (&scores)[lane_chunk::kTiles][4]) {
  const U32 bitmaps_address = shared_address(bitmaps);
  LaneStream stream = open_stream(lines, lane);
  KVROOF_UNROLL
  for (int tile = 0; tile < lane_chunk::kTiles; ++tile) {
    const LaneBits<HeadDim> bits = load_lane_bits<HeadDim>(bitmaps_address, tile, lane);
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

/// Adds probabilities x values of the 64 tokens of a staged value chunk to the outputs.
template <class Value, int HeadDim>
KVROOF_DEVICE void accumulate_chunk(const std::byte* lines, const std::byte* bitmaps,
                                    const F32 (&probabilities)[lane_chunk::kTiles][4], U32 lane,
                                    F32 (&outputs)[lane_chunk::steps(HeadDim)][4]) {
  const U32 bitmaps_address = shared_address(bitmaps);
  LaneStream stream = open_stream(lines, lane);
  KVROOF_UNROLL
  for (int tile = 0; tile < lane_chunk::kTiles; ++tile) {
    U32 b[2];
    probabilities_as_operand<Value>(probabilities[tile], b);
    const LaneBits<HeadDim> bits = load_lane_bits<HeadDim>(bitmaps_address, tile, lane);
    static_for<lane_chunk::steps(HeadDim)>([&](auto step) {
      U32 a[4];
      expand_step<HeadDim, step()>(stream, bits, a);
      mma_m16n8k16<Value>(outputs[step()], a, b[0], b[1]);
    });
  }
}

/// The calling lane's slots in the keys and values of a chunk.
struct SlotCounts {
  U32 keys;
  U32 values;
};
KVROOF_DEVICE SlotCounts load_slot_counts(const ChunkArray& keys, const ChunkArray& values,
                                          int chunk, U32 lane) {
  return {load_lane_slots(keys.at(chunk), lane), load_lane_slots(values.at(chunk), lane)};
}
/// Whether keys and values each fit one buffer, the end slots included.
/// Called by: all 32 lanes, converged.   Valid in: every lane.
KVROOF_DEVICE bool fits(const SlotCounts& counts, int lines) {
  return !any(max_u32(counts.keys, counts.values) + static_cast<unsigned>(kEndSlots) >
              static_cast<unsigned>(lines));
}

/// Attends to chunks [chunk, end) of a row, one after the other. Copies of the next keys run under
/// the values and the other way round; a buffer is refilled once all lanes have read it. A chunk
/// with a lane too long for its buffer runs alone: its keys, then its values, take both buffers.
/// Called by: all 32 lanes, converged. Leaves no copy under way that anybody waits for.
template <class Value, int HeadDim>
KVROOF_DEVICE void attend_chunks(const DecodeProblem& problem, const DecodePlan& plan,
                                 const Row& row, int chunk, int end,
                                 const WarpBuffers<HeadDim>& buffers, WarpResult<HeadDim>& result) {
  const U32 lane = lane_index();
  const ChunkArray keys = chunk_array<HeadDim>(problem.keys, row.index, problem.chunk_capacity);
  const ChunkArray values = chunk_array<HeadDim>(problem.values, row.index, problem.chunk_capacity);
  SlotCounts slots = load_slot_counts(keys, values, chunk, lane);
  bool fitting = fits(slots, plan.lines);
  bool staged = false;
  QueryFragments<HeadDim> queries;
  load_queries<Value, HeadDim, ChunkOrder>(problem, row, lane, queries);

  KVROOF_NO_UNROLL
  for (; chunk < end; ++chunk) {
    if (!staged) {
      stage_chunk<HeadDim>(buffers.key_lines, buffers.key_bitmaps, keys.at(chunk), slots.keys,
                           lane);
      copy_async_commit();
      if (fitting)
        stage_chunk<HeadDim>(buffers.value_lines, buffers.value_bitmaps, values.at(chunk),
                             slots.values, lane);
      copy_async_commit();
    }
    SlotCounts next{0u, 0u};
    if (chunk + 1 < end) next = load_slot_counts(keys, values, chunk + 1, lane);

    copy_async_wait<1>();
    sync_warp();
    F32 scores[lane_chunk::kTiles][4];
    score_chunk<Value, HeadDim>(buffers.key_lines, buffers.key_bitmaps, queries,
                                problem.softmax_scale * kLog2E, lane, scores);
    sync_warp();
    const bool next_fitting = chunk + 1 < end && fits(next, plan.lines);
    const std::byte* value_lines = fitting ? buffers.value_lines : buffers.key_lines;
    if (!fitting) {
      stage_chunk<HeadDim>(buffers.key_lines, buffers.value_bitmaps, values.at(chunk), slots.values,
                           lane);
    } else if (next_fitting) {
      stage_chunk<HeadDim>(buffers.key_lines, buffers.key_bitmaps, keys.at(chunk + 1), next.keys,
                           lane);
    }
    copy_async_commit();

    update_softmax(scores, result.softmax, result.outputs);

    if (fitting) {
      copy_async_wait<1>();
    } else {
      copy_async_wait<0>();
    }
    sync_warp();
    accumulate_chunk<Value, HeadDim>(value_lines, buffers.value_bitmaps, scores, lane,
                                     result.outputs);
    sync_warp();
    staged = fitting && next_fitting;
    if (staged) {
      stage_chunk<HeadDim>(buffers.value_lines, buffers.value_bitmaps, values.at(chunk + 1),
                           next.values, lane);
    }
    copy_async_commit();
    slots = next;
    fitting = next_fitting;
  }
}

}  // namespace kvroof::KVROOF_BACKEND::attention
