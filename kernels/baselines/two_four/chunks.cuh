// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention of one warp to 2:4 chunks of the compressed prefix. Nothing is expanded: a lane's 16
// bytes of a fragment are the operand that the sparse mma takes.

#include "kernels/attention/warp_state.cuh"
#include "kernels/baselines/two_four/tile.hpp"
#include "kernels/primitives/static_for.cuh"

namespace kvroof::KVROOF_BACKEND::two_four {

namespace format = kvroof::two_four;
using attention::DecodeProblem;
using attention::Row;

/// This lane's metadata of a staged chunk; word f / 2 serves fragment f.
template <int HeadDim>
struct Metadata {
  U32 words[format::metadata_words(HeadDim)];
};
/// `address`: where the lane's bytes of the first fragment lie.
template <int HeadDim>
KVROOF_DEVICE void load_metadata(U32 address, Metadata<HeadDim>& metadata) {
  static_for<format::metadata_words(HeadDim) / 4>([&](auto quad) {
    constexpr int offset = static_cast<int>(format::value_bytes(HeadDim)) +
                           static_cast<int>(quad()) * format::kFragmentBytes;
    const U32x4 words = load_shared_at<U32x4, offset>(address);
    metadata.words[4 * quad()] = words.x;
    metadata.words[4 * quad() + 1] = words.y;
    metadata.words[4 * quad() + 2] = words.z;
    metadata.words[4 * quad() + 3] = words.w;
  });
}

/// d += fragment * b.
/// Called by: all 32 lanes, converged.
template <class Value, int HeadDim, int Fragment>
KVROOF_DEVICE void multiply_fragment(F32 (&d)[4], U32 address, const Metadata<HeadDim>& metadata,
                                     const U32 (&b)[4]) {
  const U32x4 words = load_shared_at<U32x4, Fragment * format::kFragmentBytes>(address);
  const U32 a[4] = {words.x, words.y, words.z, words.w};
  mma_sparse_m16n8k32<Value, Fragment % 2>(d, a, b, metadata.words[Fragment / 2]);
}

/// Scores of the 64 tokens of a key chunk, scaled to base 2. `queries` stand in RowOrder.
template <class Value, int HeadDim>
KVROOF_DEVICE void score_chunk(const std::byte* chunk, const QueryFragments<HeadDim>& queries,
                               float scale_log2, U32 lane, F32 (&scores)[format::kTiles][4]) {
  const U32 address = shared_address(chunk) + lane * static_cast<unsigned>(format::kLaneBytes);
  Metadata<HeadDim> metadata;
  load_metadata<HeadDim>(address, metadata);
  KVROOF_UNROLL
  for (int tile = 0; tile < format::kTiles; ++tile) {
    KVROOF_UNROLL
    for (int c = 0; c < 4; ++c) scores[tile][c] = 0.0f;
  }
  static_for<format::channel_steps(HeadDim)>([&](auto step) {
    const U32 b[4] = {queries.b[2 * step()][0], queries.b[2 * step()][1],
                      queries.b[2 * step() + 1][0], queries.b[2 * step() + 1][1]};
    static_for<format::kTiles>([&](auto tile) {
      multiply_fragment<Value, HeadDim, step() * format::kTiles + tile()>(scores[tile()], address,
                                                                          metadata, b);
    });
  });
  KVROOF_UNROLL
  for (int tile = 0; tile < format::kTiles; ++tile) scale_scores(scores[tile], scale_log2);
}

/// Adds probabilities x values of the 64 tokens of a value chunk to the outputs.
template <class Value, int HeadDim>
KVROOF_DEVICE void accumulate_chunk(const std::byte* chunk,
                                    const F32 (&probabilities)[format::kTiles][4], U32 lane,
                                    F32 (&outputs)[format::channel_blocks(HeadDim)][4]) {
  constexpr int blocks = format::channel_blocks(HeadDim);
  const U32 address = shared_address(chunk) + lane * static_cast<unsigned>(format::kLaneBytes);
  Metadata<HeadDim> metadata;
  load_metadata<HeadDim>(address, metadata);
  static_for<format::kTokenSteps>([&](auto step) {
    U32 first[2], second[2];  // 16 tokens each
    probabilities_as_operand<Value>(probabilities[2 * step()], first);
    probabilities_as_operand<Value>(probabilities[2 * step() + 1], second);
    const U32 b[4] = {first[0], first[1], second[0], second[1]};
    static_for<blocks>([&](auto block) {
      multiply_fragment<Value, HeadDim, step() * blocks + block()>(outputs[block()], address,
                                                                   metadata, b);
    });
  });
}

/// The two chunks that a warp has staged and the copies that bring them.
template <int HeadDim>
struct WarpChunks {
  std::byte* keys;
  std::byte* values;
  WarpCopy key_copy;
  WarpCopy value_copy;

  KVROOF_DEVICE void start_keys(const std::byte* chunk) {
    start_warp_copy(key_copy, keys, chunk, static_cast<int>(format::chunk_bytes(HeadDim)));
  }
  KVROOF_DEVICE void start_values(const std::byte* chunk) {
    start_warp_copy(value_copy, values, chunk, static_cast<int>(format::chunk_bytes(HeadDim)));
  }
};

/// Called by: all 32 lanes, converged; once per kernel.
template <int HeadDim>
KVROOF_DEVICE WarpChunks<HeadDim> make_warp_chunks(std::byte* shared) {
  using Tile = kvroof::two_four::DecodeTile<HeadDim>;
  using Barriers = typename Tile::Attention::CopyBarriers;
  return {shared + Tile::kKeyOffset, shared + Tile::kValueOffset,
          make_warp_copy(shared + offsetof(Barriers, keys)),
          make_warp_copy(shared + offsetof(Barriers, values))};
}

/// Attends to chunks [chunk, end) of a row, one after the other. The next keys are on their way
/// while values are used and the other way round.
/// Called by: all 32 lanes, converged. Leaves no copy under way.
template <class Value, int HeadDim>
KVROOF_DEVICE void attend_chunks(const DecodeProblem& problem, const Row& row, int chunk, int end,
                                 WarpChunks<HeadDim>& staged, WarpResult<HeadDim>& result) {
  constexpr std::int64_t stride = format::chunk_bytes(HeadDim);
  const U32 lane = lane_index();
  const std::int64_t first = std::int64_t{row.index} * problem.chunk_capacity + chunk;
  const std::byte* keys = problem.keys.chunks + first * stride;
  const std::byte* values = problem.values.chunks + first * stride;
  staged.start_keys(keys);
  staged.start_values(values);
  QueryFragments<HeadDim> queries;
  attention::load_queries<Value>(problem, row, RowOrder{}, lane, queries);

  KVROOF_NO_UNROLL
  for (; chunk < end; ++chunk) {
    const bool has_next = chunk + 1 < end;
    keys += stride;
    values += stride;
    wait_warp_copy(staged.key_copy);
    F32 scores[format::kTiles][4];
    score_chunk<Value, HeadDim>(staged.keys, queries, problem.softmax_scale * kLog2E, lane, scores);
    if (has_next) staged.start_keys(keys);
    update_softmax(scores, result.softmax, result.outputs);
    wait_warp_copy(staged.value_copy);
    accumulate_chunk<Value, HeadDim>(staged.values, scores, lane, result.outputs);
    if (has_next) staged.start_values(values);
  }
}

}  // namespace kvroof::KVROOF_BACKEND::two_four
