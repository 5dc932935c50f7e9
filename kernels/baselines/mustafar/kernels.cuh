// SPDX-License-Identifier: Apache-2.0
#pragma once

// Mustafar's decode step as published, three launches: scores = keys x query, softmax,
// output = values x weights. Every query head works for itself: keys and values of a shared kv head
// are read and expanded once per query head.
//
// Grid      scores: (ceil(max_kv_len / 256), query_heads, batch), 4 warps of 64 tokens.
//           softmax and output: (query_heads, batch); output has a warp per 64 channels, which
//           walks over all tokens.
// Shared    8 KiB per warp: a dense 64 x 64 matrix (tile.hpp).
// Waits     nothing but lanes of a warp for each other; in softmax the block.
// Numerics  sums in F32. Unlike the published code, scores stay F32 and the weights that meet the
//           values are exp(score - maximum), divided by their sum at the end: neither a large score
//           nor a long context loses what 16 bits cannot hold.
// More      docs/kernels/mustafar.md

#include "kernels/baselines/mustafar/expand.cuh"
#include "kernels/primitives/block_reduce.cuh"
#include "kernels/primitives/online_softmax.cuh"

namespace kvroof::KVROOF_BACKEND::mustafar {

using kvroof::mustafar::Workspace;

/// Whose work a block does.
struct QueryHead {
  std::int64_t index;  // sequence * query_heads + head
  std::int64_t row;    // sequence * kv_heads + kv head
  int kv_len;
  int compressed;  // tokens in tiles
};
KVROOF_DEVICE QueryHead query_head(const Problem& problem, int head, int sequence) {
  const int kv_len = as_int(load_global<U32>(problem.kv_lengths + sequence));
  return {std::int64_t{sequence} * problem.query_heads + head,
          std::int64_t{sequence} * problem.kv_heads + head / problem.group_size(), kv_len,
          problem.compressed_tokens(kv_len)};
}

template <class Value>
KVROOF_DEVICE const Value* window_row(const Problem& problem, const void* ring,
                                      const QueryHead& head) {
  return static_cast<const Value*>(ring) + head.row * problem.window_capacity * problem.head_dim;
}

// ---- scores ----

/// 64 scores of tokens in tiles. Called by: all 32 lanes, converged.
template <class Value, int HeadDim>
KVROOF_DEVICE void score_tiles(const Problem& problem, const QueryHead& head, int block,
                               ExpandedTiles& matrix, float* scores) {
  const TileHead keys = tile_head(problem.keys, head.row, problem.tile_capacity);
  const Value* query = static_cast<const Value*>(problem.queries) + head.index * HeadDim;
  const std::int64_t first = std::int64_t{block} * HeadDim;
  F32 sums[kSteps][4] = {};
  LaneTiles tiles;
  load_tiles(keys, first, tiles);
  KVROOF_NO_UNROLL
  for (int channel = 0; channel < HeadDim; channel += kTile) {
    Vector vector;
    load_vector(query + channel, vector);
    expand_tiles(tiles, matrix);
    if (channel + kTile < HeadDim) load_tiles(keys, first + channel + kTile, tiles);
    multiply_matrix<Value>(matrix, vector, sums);
  }
  const U32 g = lane_index() >> 2;
  const bool first_column = (lane_index() & 3u) == 0u;
  KVROOF_UNROLL
  for (int m = 0; m < kSteps; ++m) {
    float* target = scores + block * kTile + 16 * m + g;
    store_global_if<F32>(first_column, target, sums[m][0] * problem.softmax_scale);
    store_global_if<F32>(first_column, target + 8, sums[m][2] * problem.softmax_scale);
  }
}

/// Scores of up to 64 tokens of the window from `first` on, a token per lane.
template <class Value, int HeadDim>
KVROOF_DEVICE void score_window(const Problem& problem, const QueryHead& head, int first,
                                float* scores) {
  const Value* query = static_cast<const Value*>(problem.queries) + head.index * HeadDim;
  const Value* ring = window_row<Value>(problem, problem.window_keys, head);
  KVROOF_UNROLL
  for (int i = 0; i < kTile; i += kWarpSize) {
    const U32 token = lane_index() + static_cast<unsigned>(first + i);
    const bool valid = token < static_cast<unsigned>(head.kv_len);
    const Value* key = ring + token % static_cast<unsigned>(problem.window_capacity) *
                                  static_cast<unsigned>(HeadDim);
    F32 sum = 0.0f;
    KVROOF_NO_UNROLL
    for (int channel = 0; channel < HeadDim; channel += 2) {
      const U32 k = load_global_if<U32>(valid, key + channel);
      const U32 q = load_global<U32>(query + channel);
      sum = fused_multiply_add(f32_from_value<Value>(k & 0xffffu),
                               f32_from_value<Value>(q & 0xffffu), sum);
      sum = fused_multiply_add(f32_from_value<Value>(k >> 16), f32_from_value<Value>(q >> 16), sum);
    }
    store_global_if<F32>(valid, scores + token, sum * problem.softmax_scale);
  }
}

template <class Value, int HeadDim>
KVROOF_KERNEL(32 * kvroof::mustafar::kKeyWarps)
key_kernel(const Problem problem) {
  auto& matrix = (&shared_memory<ExpandedTiles>())[warp_index()];
  const QueryHead head = query_head(problem, block_index_y(), block_index_z());
  const Workspace workspace(problem);
  float* scores = workspace.scores(problem.workspace) + head.index * workspace.stride;
  const int block = block_index_x() * kvroof::mustafar::kKeyWarps + warp_index();
  if (block * kTile < head.compressed) {
    score_tiles<Value, HeadDim>(problem, head, block, matrix, scores);
  } else if (block * kTile < head.kv_len) {
    score_window<Value, HeadDim>(problem, head, block * kTile, scores);
  }
}

// ---- softmax ----

template <class Value>
KVROOF_KERNEL(kvroof::mustafar::kSoftmaxThreads)
softmax_kernel(const Problem problem) {
  constexpr int threads = kvroof::mustafar::kSoftmaxThreads;
  constexpr int warps = threads / kWarpSize;
  float* shared = &shared_memory<float>();
  const QueryHead head = query_head(problem, block_index_x(), block_index_y());
  const Workspace workspace(problem);
  const float* scores = workspace.scores(problem.workspace) + head.index * workspace.stride;
  std::uint16_t* weights = workspace.weights(problem.workspace) + head.index * workspace.stride;

  F32 maximum = kMinusInfinity;
  for (int first = 0; first < head.kv_len; first += threads) {
    const U32 token = thread_index() + static_cast<unsigned>(first);
    const bool valid = token < static_cast<unsigned>(head.kv_len);
    const F32 score = load_global_if<F32>(valid, scores + token);
    maximum = max_f32(maximum, select(valid, score, F32(kMinusInfinity)));
  }
  maximum = reduce_block<warps>(maximum, shared, [](F32 a, F32 b) { return max_f32(a, b); });
  const F32 shift = softmax_shift(maximum);

  F32 sum = 0.0f;
  for (int first = 0; first < head.kv_len; first += threads) {
    const U32 token = thread_index() + static_cast<unsigned>(first);
    const bool valid = token < static_cast<unsigned>(head.kv_len);
    const F32 score = load_global_if<F32>(valid, scores + token);
    const F32 weight = select(valid, exp2_approx((score - shift) * kLog2E), F32(0.0f));
    sum = sum + weight;
    store_global_u16_if(valid, weights + token, pack_values<Value>(weight, weight) & 0xffffu);
  }
  sum = reduce_block<warps>(sum, shared, [](F32 a, F32 b) { return a + b; });

  constexpr float ln_2 = 0.693147180559945309f;
  const bool first_thread = thread_index() == 0u;
  store_global_if<F32>(first_thread, workspace.sums(problem.workspace) + head.index, sum);
  if (problem.log_sum_exps != nullptr) {
    store_global_if<F32>(first_thread, problem.log_sum_exps + head.index,
                         shift + log2_approx(sum) * ln_2);
  }
}

// ---- output ----

/// Adds weights x values of the window to channels 2 lane and 2 lane + 1 from `values` on.
template <class Value, int HeadDim>
KVROOF_DEVICE void add_window(const Problem& problem, const QueryHead& head, const Value* values,
                              const std::uint16_t* weights, F32 (&sums)[2]) {
  KVROOF_NO_UNROLL
  for (int token = head.compressed; token < head.kv_len; ++token) {
    const F32 weight = f32_from_value<Value>(load_global_u16(weights + token));
    const U32 pair =
        load_global<U32>(values + token % problem.window_capacity * HeadDim + lane_index() * 2u);
    sums[0] = fused_multiply_add(weight, f32_from_value<Value>(pair & 0xffffu), sums[0]);
    sums[1] = fused_multiply_add(weight, f32_from_value<Value>(pair >> 16), sums[1]);
  }
}

template <class Value, int HeadDim>
KVROOF_KERNEL(32 * kvroof::mustafar::value_warps(HeadDim))
value_kernel(const Problem problem) {
  auto& shared = (&shared_memory<kvroof::mustafar::ValueShared>())[warp_index()];
  const QueryHead head = query_head(problem, block_index_x(), block_index_y());
  const Workspace workspace(problem);
  const std::uint16_t* weights =
      workspace.weights(problem.workspace) + head.index * workspace.stride;
  const int first_channel = warp_index() * kTile;

  F32 sums[kSteps][4] = {};
  if (head.compressed > 0) {
    const TileHead values = tile_head(problem.values, head.row, problem.tile_capacity);
    LaneTiles tiles;
    load_tiles(values, first_channel, tiles);
    KVROOF_NO_UNROLL
    for (int token = 0; token < head.compressed; token += kTile) {
      Vector vector;
      load_vector(weights + token, vector);
      expand_tiles(tiles, shared.tiles);
      const int next = token + kTile;
      if (next < head.compressed) {
        load_tiles(values, std::int64_t{next / kTile} * HeadDim + first_channel, tiles);
      }
      multiply_matrix<Value>(shared.tiles, vector, sums);
    }
  }
  F32 window[2] = {F32(0.0f), F32(0.0f)};
  add_window<Value, HeadDim>(
      problem, head, window_row<Value>(problem, problem.window_values, head) + first_channel,
      weights, window);

  sync_warp();  // every lane is done with the matrix
  store_shared<F32x2>(shared.window + lane_index() * 2u, F32x2{window[0], window[1]});
  sync_warp();
  const F32 sum = load_global<F32>(workspace.sums(problem.workspace) + head.index);
  const F32 scale = select(sum == 0.0f, F32(0.0f), reciprocal(sum));
  const U32 g = lane_index() >> 2;
  const bool first_column = (lane_index() & 3u) == 0u;
  Value* outputs = static_cast<Value*>(problem.outputs) + head.index * HeadDim + first_channel;
  KVROOF_UNROLL
  for (int i = 0; i < 2 * kSteps; ++i) {
    const U32 channel = g + static_cast<unsigned>(8 * i);
    const F32 output = sums[i / 2][i % 2 * 2] + load_shared<F32>(shared.window + channel);
    store_global_u16_if(first_column, outputs + channel,
                        pack_values<Value>(output * scale, output * scale) & 0xffffu);
  }
}

}  // namespace kvroof::KVROOF_BACKEND::mustafar
