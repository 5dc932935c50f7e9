// SPDX-License-Identifier: Apache-2.0
#pragma once

// Online softmax over score fragments (Milakov and Gimelshein, arXiv 1805.02867), in base 2. A lane
// 4g + t of the warp works for query heads 2t and 2t + 1 ("head" 0 and 1 below); its scores are of
// tokens g and g + 8 of a tile.

#include <limits>

#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND {

inline constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
inline constexpr float kLog2E = 1.44269504088896340736f;

/// Running maximum (the same in all lanes of a head) and this lane's share of the running sum of
/// 2^(score - maximum). Empty: maximum -inf, sum 0.
struct SoftmaxState {
  F32 maximum[2] = {F32(kMinusInfinity), F32(kMinusInfinity)};
  F32 sum[2] = {F32(0.0f), F32(0.0f)};
};

/// One warp's share of a row's attention: unnormalised outputs of 16 channels x 8 heads per step,
/// and the softmax state.
template <int HeadDim>
struct WarpResult {
  F32 outputs[lane_chunk::steps(HeadDim)][4] = {};
  SoftmaxState softmax;
};

/// Scales the scores of a tile to base 2.
KVROOF_DEVICE void scale_scores(F32 (&scores)[4], float scale_log2) {
  KVROOF_UNROLL
  for (int c = 0; c < 4; ++c) scores[c] = scores[c] * scale_log2;
}

/// What to subtract from a score: the maximum, or 0 where there is none yet, so that -inf - (-inf)
/// never happens.
KVROOF_DEVICE F32 softmax_shift(F32 maximum) {
  return select(maximum == kMinusInfinity, F32(0.0f), maximum);
}

/// Weight of a partial result whose maximum is `part` in a result whose maximum is `whole`; 0 for
/// an empty part.
KVROOF_DEVICE F32 merge_weight(F32 part, F32 whole) {
  return exp2_approx(part - softmax_shift(whole));
}

/// Maximum over the eight lanes that work for the same heads.
/// Called by: all 32 lanes, converged.   Valid in: every lane.
KVROOF_DEVICE F32 max_over_tokens(F32 value) {
  value = max_f32(value, shuffle_xor(value, 4));
  value = max_f32(value, shuffle_xor(value, 8));
  return max_f32(value, shuffle_xor(value, 16));
}
/// Sum over the eight lanes that work for the same heads.
/// Called by: all 32 lanes, converged.   Valid in: every lane.
KVROOF_DEVICE F32 sum_over_tokens(F32 value) {
  value = value + shuffle_xor(value, 4);
  value = value + shuffle_xor(value, 8);
  return value + shuffle_xor(value, 16);
}

/// Turns scores, in base 2 once scaled by `scale` >= 0, into probabilities relative to the running
/// maximum, in place, and updates `state`. Where a maximum rises, `accumulator` (rows in pairs:
/// head 0, head 1) and the sum are scaled down first. A NaN score makes its probability and the sum
/// NaN; a score of -inf has probability 0 (with a scale above 0).
/// Called by: all 32 lanes, converged.
template <int Tiles, int Steps>
KVROOF_DEVICE void update_softmax(F32 (&scores)[Tiles][4], float scale, SoftmaxState& state,
                                  F32 (&accumulator)[Steps][4]) {
  F32 highest[2] = {scores[0][0], scores[0][1]};
  KVROOF_UNROLL
  for (int tile = 0; tile < Tiles; ++tile) {
    KVROOF_UNROLL
    for (int c = 0; c < 4; ++c) highest[c % 2] = max_f32(highest[c % 2], scores[tile][c]);
  }
  const F32 maximum[2] = {max_f32(state.maximum[0], max_over_tokens(highest[0]) * scale),
                          max_f32(state.maximum[1], max_over_tokens(highest[1]) * scale)};

  if (any(maximum[0] > state.maximum[0] || maximum[1] > state.maximum[1])) {
    const F32 weight[2] = {merge_weight(state.maximum[0], maximum[0]),
                           merge_weight(state.maximum[1], maximum[1])};
    KVROOF_UNROLL
    for (int step = 0; step < Steps; ++step) {
      KVROOF_UNROLL
      for (int c = 0; c < 4; ++c) accumulator[step][c] = accumulator[step][c] * weight[c % 2];
    }
    state.sum[0] = state.sum[0] * weight[0];
    state.sum[1] = state.sum[1] * weight[1];
    state.maximum[0] = maximum[0];
    state.maximum[1] = maximum[1];
  }

  const F32 shift[2] = {-softmax_shift(maximum[0]), -softmax_shift(maximum[1])};
  KVROOF_UNROLL
  for (int tile = 0; tile < Tiles; ++tile) {
    KVROOF_UNROLL
    for (int c = 0; c < 4; ++c) {
      scores[tile][c] = exp2_approx(fused_multiply_add(scores[tile][c], scale, shift[c % 2]));
      state.sum[c % 2] = state.sum[c % 2] + scores[tile][c];
    }
  }
}

/// Of scores that are scaled to base 2 already.
template <int Tiles, int Steps>
KVROOF_DEVICE void update_softmax(F32 (&scores)[Tiles][4], SoftmaxState& state,
                                  F32 (&accumulator)[Steps][4]) {
  update_softmax(scores, 1.0f, state, accumulator);
}

/// Operand B of mma.m16n8k16 (16 tokens x 8 heads) from the probabilities of a tile, which lie like
/// operand D. Called by: all 32 lanes, converged.
template <class Value>
KVROOF_DEVICE void probabilities_as_operand(const F32 (&probabilities)[4], U32 (&b)[2]) {
  b[0] = move_matrix_transposed(pack_values<Value>(probabilities[0], probabilities[1]));
  b[1] = move_matrix_transposed(pack_values<Value>(probabilities[2], probabilities[3]));
}

}  // namespace kvroof::KVROOF_BACKEND
