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

/// target(head_tile) += fragment * b[head_tile], F32[4] each.
/// Called by: all 32 lanes, converged.
template <class Value, int HeadDim, int Fragment, int HeadTiles, class Target>
KVROOF_DEVICE void multiply_fragment(U32 address, const Metadata<HeadDim>& metadata,
                                     const U32 (&b)[HeadTiles][4], Target&& target) {
  const U32x4 words = load_shared_at<U32x4, Fragment * format::kFragmentBytes>(address);
  const U32 a[4] = {words.x, words.y, words.z, words.w};
  KVROOF_UNROLL
  for (int head_tile = 0; head_tile < HeadTiles; ++head_tile) {
    mma_sparse_m16n8k32<Value, Fragment % 2>(target(head_tile), a, b[head_tile],
                                             metadata.words[Fragment / 2]);
  }
}

/// Scores of 8 query heads per head tile and the 64 tokens of a chunk.
template <class Tile>
using ChunkScores = F32[Tile::kHeadTiles][format::kTiles][4];

/// Scores of the 64 tokens of a key chunk, scaled to base 2. `queries` stand in RowOrder.
template <class Value, class Tile, class Queries>
KVROOF_DEVICE void score_chunk(const std::byte* chunk, const Queries& queries, float scale_log2,
                               U32 lane, ChunkScores<Tile>& scores) {
  constexpr int head_dim = Tile::kHeadDim;
  const U32 address = shared_address(chunk) + lane * static_cast<unsigned>(format::kLaneBytes);
  Metadata<head_dim> metadata;
  load_metadata<head_dim>(address, metadata);
  KVROOF_UNROLL
  for (auto& of_head_tile : scores) {
    KVROOF_UNROLL
    for (auto& of_tile : of_head_tile) {
      KVROOF_UNROLL
      for (F32& score : of_tile) score = 0.0f;
    }
  }
  static_for<format::channel_steps(head_dim)>([&](auto step) {
    U32 b[Tile::kHeadTiles][4];
    KVROOF_UNROLL
    for (int head_tile = 0; head_tile < Tile::kHeadTiles; ++head_tile) {
      const U32x2 first = queries(head_tile, 2 * step());
      const U32x2 second = queries(head_tile, 2 * step() + 1);
      b[head_tile][0] = first.x;
      b[head_tile][1] = first.y;
      b[head_tile][2] = second.x;
      b[head_tile][3] = second.y;
    }
    static_for<format::kTiles>([&](auto tile) {
      multiply_fragment<Value, head_dim, step() * format::kTiles + tile()>(
          address, metadata, b,
          [&](int head_tile) -> F32(&)[4] { return scores[head_tile][tile()]; });
    });
  });
  KVROOF_UNROLL
  for (auto& of_head_tile : scores) {
    KVROOF_UNROLL
    for (auto& of_tile : of_head_tile) scale_scores(of_tile, scale_log2);
  }
}

/// Adds probabilities x values of the 64 tokens of a value chunk to the outputs.
template <class Value, class Tile>
KVROOF_DEVICE void accumulate_chunk(const std::byte* chunk, const ChunkScores<Tile>& probabilities,
                                    U32 lane,
                                    WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  constexpr int head_dim = Tile::kHeadDim;
  constexpr int blocks = format::channel_blocks(head_dim);
  const U32 address = shared_address(chunk) + lane * static_cast<unsigned>(format::kLaneBytes);
  Metadata<head_dim> metadata;
  load_metadata<head_dim>(address, metadata);
  static_for<format::kTokenSteps>([&](auto step) {
    U32 b[Tile::kHeadTiles][4];  // 2 x 16 tokens
    KVROOF_UNROLL
    for (int head_tile = 0; head_tile < Tile::kHeadTiles; ++head_tile) {
      U32 first[2], second[2];
      probabilities_as_operand<Value>(probabilities[head_tile][2 * step()], first);
      probabilities_as_operand<Value>(probabilities[head_tile][2 * step() + 1], second);
      b[head_tile][0] = first[0];
      b[head_tile][1] = first[1];
      b[head_tile][2] = second[0];
      b[head_tile][3] = second[1];
    }
    static_for<blocks>([&](auto block) {
      multiply_fragment<Value, head_dim, step() * blocks + block()>(
          address, metadata, b,
          [&](int head_tile) -> F32(&)[4] { return results[head_tile].outputs[block()]; });
    });
  });
}

/// The two chunks that a warp has staged and the copies that bring them.
template <class Tile>
struct WarpChunks {
  static constexpr int kChunkBytes = static_cast<int>(format::chunk_bytes(Tile::kHeadDim));
  std::byte* keys;
  std::byte* values;
  std::byte* queries;  // of query_place()
  WarpCopy key_copy;
  WarpCopy value_copy;

  KVROOF_DEVICE void start_keys(const std::byte* chunk) {
    start_warp_copy(key_copy, keys, chunk, kChunkBytes);
  }
  KVROOF_DEVICE void start_values(const std::byte* chunk) {
    start_warp_copy(value_copy, values, chunk, kChunkBytes);
  }
};

/// Called by: all 32 lanes, converged; once per kernel.
template <class Tile>
KVROOF_DEVICE WarpChunks<Tile> make_warp_chunks(std::byte* shared) {
  using Barriers = typename Tile::Attention::CopyBarriers;
  return {shared + Tile::kKeyOffset, shared + Tile::kValueOffset, shared + Tile::kQueryOffset,
          make_warp_copy(shared + offsetof(Barriers, keys)),
          make_warp_copy(shared + offsetof(Barriers, values))};
}

/// Attends to chunks [chunk, end) of a row, one after the other. The next keys are on their way
/// while values are used and the other way round.
/// Called by: all 32 lanes, converged. Leaves no copy under way.
template <class Value, class Tile>
KVROOF_DEVICE void attend_chunks(const DecodeProblem& problem, const Row& row, int chunk, int end,
                                 WarpChunks<Tile>& staged,
                                 WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  constexpr std::int64_t stride = format::chunk_bytes(Tile::kHeadDim);
  const U32 lane = lane_index();
  const std::int64_t first = std::int64_t{row.index} * problem.chunk_capacity + chunk;
  const std::byte* keys = problem.keys.chunks + first * stride;
  const std::byte* values = problem.values.chunks + first * stride;
  staged.start_keys(keys);
  staged.start_values(values);
  auto queries = attention::query_place<typename Tile::Attention>(staged.queries, lane);
  attention::load_group<Value, typename Tile::Attention>(problem, row, RowOrder{}, lane, false,
                                                         queries);

  KVROOF_NO_UNROLL
  for (; chunk < end; ++chunk) {
    const bool has_next = chunk + 1 < end;
    keys += stride;
    values += stride;
    wait_warp_copy(staged.key_copy);
    ChunkScores<Tile> scores;
    score_chunk<Value, Tile>(staged.keys, queries, problem.softmax_scale * kLog2E, lane, scores);
    if (has_next) staged.start_keys(keys);
    KVROOF_UNROLL
    for (int tile = 0; tile < Tile::kHeadTiles; ++tile)
      update_softmax(scores[tile], results[tile].softmax, results[tile].outputs);
    wait_warp_copy(staged.value_copy);
    accumulate_chunk<Value, Tile>(staged.values, scores, lane, results);
    if (has_next) staged.start_values(values);
  }
}

}  // namespace kvroof::KVROOF_BACKEND::two_four
