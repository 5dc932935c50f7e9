// SPDX-License-Identifier: Apache-2.0
#pragma once

// The steps of the decode kernel (kernel.cuh). Throughout, lane = 4g + t.

#include "kernels/attention/plan.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/attention/tile.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/primitives/bitmap_expand.cuh"
#include "kernels/primitives/chunk_copy.cuh"
#include "kernels/primitives/online_softmax.cuh"
#include "kernels/primitives/static_for.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

using kvroof::attention::DecodePlan;
using kvroof::attention::DecodeProblem;
using kvroof::attention::DecodeTile;

/// One warp's share of the attention: unnormalised outputs of 16 channels x 8 heads per step, and
/// the softmax state.
template <int HeadDim>
struct WarpResult {
  F32 outputs[lane_chunk::steps(HeadDim)][4] = {};
  SoftmaxState softmax;
};

/// The queries of a kv head's group as operand B (16 channels x 8 heads per step); heads beyond the
/// group are 0.
template <int HeadDim>
struct QueryFragments {
  U32 b[lane_chunk::steps(HeadDim)][2];
};

// Which channel an operand register holds. The mma does not care, as long as queries and keys
// agree.
struct ChunkOrder {  // of the lane-chunk format
  static KVROOF_DEVICE U32 key_channel(U32 t, int step, int i) {
    return lane_chunk::key_channel(t, step, i);
  }
  static KVROOF_DEVICE U32 value_channel(U32 g, int step, int h) {
    return lane_chunk::value_channel(g, step, h);
  }
};
struct RowOrder {  // of rows read by load_matrix_x4
  static KVROOF_DEVICE U32 key_channel(U32 t, int step, int i) {
    return t * 2u +
           static_cast<unsigned>(step * lane_chunk::kStepChannels + (i & 1) + 8 * (i >> 1));
  }
  static KVROOF_DEVICE U32 value_channel(U32 g, int step, int h) {
    return g + static_cast<unsigned>(step * lane_chunk::kStepChannels + 8 * h);
  }
};

/// Which (sequence, kv head) a block works for, and how much of it there is.
struct BlockWork {
  int sequence;
  int kv_head;
  int row;         // sequence * kv_heads + kv_head
  int compressed;  // tokens in chunks
  int window;      // dense tokens
};

KVROOF_DEVICE BlockWork block_work(const DecodeProblem& problem) {
  BlockWork work;
  work.kv_head = block_index_y();
  work.sequence = block_index_z();
  work.row = work.sequence * problem.kv_heads + work.kv_head;
  const int kv_len = static_cast<int>(
      static_cast<std::uint32_t>(load_global<U32>(problem.kv_lengths + work.sequence)));
  work.compressed = kv_len <= problem.window
                        ? 0
                        : (kv_len - problem.window) / lane_chunk::kTokens * lane_chunk::kTokens;
  work.window = kv_len - work.compressed;
  return work;
}

template <class Value, int HeadDim, class Order>
KVROOF_DEVICE void load_queries(const DecodeProblem& problem, const BlockWork& work, U32 lane,
                                QueryFragments<HeadDim>& queries) {
  const int group = problem.query_heads / problem.kv_heads;
  const U32 g = lane >> 2;
  const U32 t = lane & 3u;
  const bool in_group = g < static_cast<unsigned>(group);
  const Value* first =
      static_cast<const Value*>(problem.queries) +
      static_cast<std::int64_t>(work.sequence * problem.query_heads + work.kv_head * group) *
          HeadDim;
  KVROOF_UNROLL
  for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
    KVROOF_UNROLL
    for (int pair = 0; pair < 2; ++pair) {
      const U32 low = g * static_cast<unsigned>(HeadDim) + Order::key_channel(t, step, 2 * pair);
      const U32 high =
          g * static_cast<unsigned>(HeadDim) + Order::key_channel(t, step, 2 * pair + 1);
      queries.b[step][pair] = load_global_u16_if(in_group, first + low) |
                              (load_global_u16_if(in_group, first + high) << 16);
    }
  }
}

/// Scales the scores of a tile to base 2.
KVROOF_DEVICE void scale_scores(F32 (&scores)[4], float scale_log2) {
  KVROOF_UNROLL
  for (int c = 0; c < 4; ++c) scores[c] = scores[c] * scale_log2;
}

// ---- the compressed prefix
// -----------------------------------------------------------------------------------------

/// The chunks of one (sequence, kv head) of K or V.
struct ChunkRow {
  const std::byte* first;
  std::int64_t stride;
  KVROOF_DEVICE const std::byte* at(int chunk) const { return first + chunk * stride; }
};
template <int HeadDim>
KVROOF_DEVICE ChunkRow chunk_row(const kvroof::attention::CompressedOperand& operand, int row,
                                 int chunk_capacity) {
  const std::int64_t stride = lane_chunk::chunk_bytes(HeadDim, operand.kept);
  return {operand.chunks + row * (chunk_capacity * stride), stride};
}

/// Scores of the 64 tokens of a staged key chunk, scaled to base 2.
template <class Value, int HeadDim>
KVROOF_DEVICE void score_chunk(const typename DecodeTile<HeadDim>::Stage& stage,
                               const QueryFragments<HeadDim>& queries, float scale_log2, U32 lane,
                               F32 (&scores)[lane_chunk::kTiles][4]) {
  const U32 bitmaps = shared_address(stage.bitmaps);
  LaneStream stream{shared_address(stage.lines) + lane * lane_chunk::kSlotBytes, U32(0u)};
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

/// Adds probabilities x values of the 64 tokens of a staged value chunk to the outputs.
template <class Value, int HeadDim>
KVROOF_DEVICE void accumulate_chunk(const typename DecodeTile<HeadDim>::Stage& stage,
                                    const F32 (&probabilities)[lane_chunk::kTiles][4], U32 lane,
                                    F32 (&outputs)[lane_chunk::steps(HeadDim)][4]) {
  const U32 bitmaps = shared_address(stage.bitmaps);
  LaneStream stream{shared_address(stage.lines) + lane * lane_chunk::kSlotBytes, U32(0u)};
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

/// Attends to every warps-th chunk of the block's split. Copies of the next keys run under the
/// values and the other way round; each buffer is refilled once all lanes have read it.
template <class Value, int HeadDim>
KVROOF_DEVICE void attend_chunks(const DecodeProblem& problem, const DecodePlan& plan,
                                 const BlockWork& work,
                                 typename DecodeTile<HeadDim>::WarpShared& shared,
                                 WarpResult<HeadDim>& result) {
  const int first = block_index_x() * plan.chunks_per_split;
  const int chunks = work.compressed / lane_chunk::kTokens;
  const int end = first + plan.chunks_per_split < chunks ? first + plan.chunks_per_split : chunks;
  int chunk = first + warp_index();
  if (chunk >= end) return;  // the same in the whole warp

  const U32 lane = lane_index();
  const ChunkRow keys = chunk_row<HeadDim>(problem.keys, work.row, problem.chunk_capacity);
  const ChunkRow values = chunk_row<HeadDim>(problem.values, work.row, problem.chunk_capacity);
  stage_chunk<HeadDim>(shared.keys, keys.at(chunk), load_lane_slots(keys.at(chunk), lane), lane);
  copy_async_commit();
  stage_chunk<HeadDim>(shared.values, values.at(chunk), load_lane_slots(values.at(chunk), lane),
                       lane);
  copy_async_commit();
  QueryFragments<HeadDim> queries;
  load_queries<Value, HeadDim, ChunkOrder>(problem, work, lane, queries);

  KVROOF_NO_UNROLL
  for (; chunk < end; chunk += DecodeTile<HeadDim>::kWarps) {
    const int next = chunk + DecodeTile<HeadDim>::kWarps;
    const bool has_next = next < end;
    U32 key_slots = 0u;
    U32 value_slots = 0u;
    if (has_next) {
      key_slots = load_lane_slots(keys.at(next), lane);
      value_slots = load_lane_slots(values.at(next), lane);
    }

    copy_async_wait<1>();
    sync_warp();
    F32 scores[lane_chunk::kTiles][4];
    score_chunk<Value, HeadDim>(shared.keys, queries, problem.softmax_scale * kLog2E, lane, scores);
    sync_warp();
    if (has_next) stage_chunk<HeadDim>(shared.keys, keys.at(next), key_slots, lane);
    copy_async_commit();

    update_softmax(scores, result.softmax, result.outputs);

    copy_async_wait<1>();
    sync_warp();
    accumulate_chunk<Value, HeadDim>(shared.values, scores, lane, result.outputs);
    sync_warp();
    if (has_next) stage_chunk<HeadDim>(shared.values, values.at(next), value_slots, lane);
    copy_async_commit();
  }
}

// ---- the dense window
// ----------------------------------------------------------------------------------------------

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

/// Adds probabilities x values of 16 staged rows to the outputs.
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

/// Attends to every warps-th tile of 16 tokens of the dense window.
template <class Value, int HeadDim>
KVROOF_DEVICE void attend_window(const DecodeProblem& problem, const BlockWork& work,
                                 typename DecodeTile<HeadDim>::WindowShared& shared,
                                 WarpResult<HeadDim>& result) {
  const U32 lane = lane_index();
  const std::int64_t ring = std::int64_t{work.row} * problem.window_capacity * HeadDim;
  const Value* key_ring = static_cast<const Value*>(problem.window_keys) + ring;
  const Value* value_ring = static_cast<const Value*>(problem.window_values) + ring;
  QueryFragments<HeadDim> queries;
  load_queries<Value, HeadDim, RowOrder>(problem, work, lane, queries);

  for (int first = warp_index() * lane_chunk::kTileTokens; first < work.window;
       first += DecodeTile<HeadDim>::kWarps * lane_chunk::kTileTokens) {
    const int token = work.compressed + first;
    const int count = work.window - first;
    stage_rows<Value, HeadDim>(shared.keys, key_ring, problem.window_capacity, token, count, lane);
    stage_rows<Value, HeadDim>(shared.values, value_ring, problem.window_capacity, token, count,
                               lane);
    copy_async_commit();
    copy_async_wait<0>();
    sync_warp();
    F32 scores[1][4];
    score_rows<Value, HeadDim>(shared, queries, problem.softmax_scale * kLog2E, count, lane,
                               scores[0]);
    update_softmax(scores, result.softmax, result.outputs);
    accumulate_rows<Value, HeadDim>(shared, scores[0], lane, result.outputs);
    sync_warp();  // before the rows are overwritten
  }
}

// ---- leaving the block
// ---------------------------------------------------------------------------------------------

/// Hands the warp's result to the block. The block has synchronised: nobody reads staged data any
/// more.
template <int HeadDim, class Order>
KVROOF_DEVICE void share_result(const WarpResult<HeadDim>& result,
                                typename DecodeTile<HeadDim>::MergeShared& shared) {
  const int warp = warp_index();
  const U32 g = lane_index() >> 2;
  const U32 head = (lane_index() & 3u) * 2u;
  KVROOF_UNROLL
  for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
    KVROOF_UNROLL
    for (int c = 0; c < 4; ++c) {
      store_shared<F32>(&shared.outputs[warp][0][0] +
                            (head + static_cast<unsigned>(c % 2)) *
                                static_cast<unsigned>(DecodeTile<HeadDim>::kMergeRow) +
                            Order::value_channel(g, step, c / 2),
                        result.outputs[step][c]);
    }
  }
  KVROOF_UNROLL
  for (int h = 0; h < 2; ++h) {
    const F32 sum = sum_over_tokens(result.softmax.sum[h]);
    store_shared_if<F32>(g == 0u, &shared.maxima[warp][0] + head + static_cast<unsigned>(h),
                         result.softmax.maximum[h]);
    store_shared_if<F32>(g == 0u, &shared.sums[warp][0] + head + static_cast<unsigned>(h), sum);
  }
}

/// Merges the warps' results and writes the block's partial output (normalised) and log-sum-exp
/// (base 2).
template <int HeadDim>
KVROOF_DEVICE void store_partial(const DecodeProblem& problem, const DecodePlan& plan,
                                 const BlockWork& work,
                                 const typename DecodeTile<HeadDim>::MergeShared& shared) {
  constexpr int warps = DecodeTile<HeadDim>::kWarps;
  const int group = problem.query_heads / problem.kv_heads;
  const kvroof::attention::PartialLayout layout(problem, plan);
  for (int head = 0; head < group; ++head) {
    F32 maximum = kMinusInfinity;
    KVROOF_UNROLL
    for (int warp = 0; warp < warps; ++warp) {
      maximum = max_f32(maximum, load_shared<F32>(&shared.maxima[warp][head]));
    }
    F32 weights[warps];
    F32 sum = 0.0f;
    KVROOF_UNROLL
    for (int warp = 0; warp < warps; ++warp) {
      weights[warp] = merge_weight(load_shared<F32>(&shared.maxima[warp][head]), maximum);
      sum = fused_multiply_add(weights[warp], load_shared<F32>(&shared.sums[warp][head]), sum);
    }
    const F32 scale = select(sum == 0.0f, F32(0.0f), reciprocal(sum));
    const std::int64_t partial = layout.index(work.row, block_index_x(), head);
    for (int first = 0; first < HeadDim; first += DecodeTile<HeadDim>::kThreads) {
      const U32 channel = thread_index() + static_cast<unsigned>(first);
      if (channel >= static_cast<unsigned>(HeadDim)) break;
      F32 output = 0.0f;
      KVROOF_UNROLL
      for (int warp = 0; warp < warps; ++warp) {
        output = fused_multiply_add(
            weights[warp], load_shared<F32>(&shared.outputs[warp][head][0] + channel), output);
      }
      store_global<F32>(layout.outputs(problem.workspace) + partial * HeadDim + channel,
                        output * scale);
    }
    store_global_if<F32>(thread_index() == 0u, layout.log_sums(problem.workspace) + partial,
                         softmax_shift(maximum) + log2_approx(sum));
  }
}

}  // namespace kvroof::KVROOF_BACKEND::attention
