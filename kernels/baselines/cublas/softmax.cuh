// SPDX-License-Identifier: Apache-2.0
#pragma once

// The softmax between the two products: F32 scores of a query head to weights of its value type.
//
// Grid      (batch * query_heads), a block per query head.
// Shared    a float per warp.
// Numerics  maximum and sum in F32 in one pass, a second one writes the weights: see kWeightScale.

#include "kernels/baselines/cublas/backends.hpp"
#include "kernels/primitives/block_reduce.cuh"
#include "kernels/primitives/online_softmax.cuh"

namespace kvroof::KVROOF_BACKEND::cublas {

using kvroof::cublas::kSoftmaxThreads;
using kvroof::cublas::Problem;
using kvroof::cublas::Workspace;

/// Scores of four tokens in base 2, -inf behind the last one.
struct Scores {
  F32 of[4];
};
KVROOF_DEVICE Scores load_scores(const float* scores, U32 token, const Problem& problem) {
  const F32x4 four = load_global<F32x4>(scores + token);
  const F32 raw[4] = {four.x, four.y, four.z, four.w};
  Scores result;
  KVROOF_UNROLL
  for (int i = 0; i < 4; ++i) {
    const bool valid = token + static_cast<unsigned>(i) < static_cast<unsigned>(problem.kv_len);
    result.of[i] = select(valid, raw[i] * kLog2E, F32(kMinusInfinity));
  }
  return result;
}

/// The largest of the thread's scores, and the sum of 2^(score - largest).
struct ThreadSum {
  F32 maximum = kMinusInfinity;
  F32 sum = 0.0f;
};
KVROOF_DEVICE void add_scores(const Scores& scores, ThreadSum& total) {
  F32 maximum = total.maximum;
  KVROOF_UNROLL
  for (int i = 0; i < 4; ++i) maximum = max_f32(maximum, scores.of[i]);
  const F32 shift = softmax_shift(maximum);
  F32 sum = total.sum * merge_weight(total.maximum, maximum);
  KVROOF_UNROLL
  for (int i = 0; i < 4; ++i) sum = sum + exp2_approx(scores.of[i] - shift);
  total = {maximum, sum};
}

template <class Value>
KVROOF_KERNEL(kSoftmaxThreads)
softmax_kernel(const Problem problem) {
  constexpr int warps = kSoftmaxThreads / kWarpSize;
  constexpr int step = 4 * kSoftmaxThreads;
  float* shared = &shared_memory<float>();
  const Workspace workspace(problem);
  const int head = block_index_x();
  const float* scores = workspace.scores(problem.workspace) + head * workspace.stride;
  std::uint16_t* weights = workspace.weights(problem.workspace) + head * workspace.stride;

  ThreadSum thread;
  for (U32 token = thread_index() * 4u; token < static_cast<unsigned>(problem.kv_len);
       token = token + static_cast<unsigned>(step))
    add_scores(load_scores(scores, token, problem), thread);
  const F32 maximum =
      reduce_block<warps>(thread.maximum, shared, [](F32 a, F32 b) { return max_f32(a, b); });
  const F32 sum = reduce_block<warps>(thread.sum * merge_weight(thread.maximum, maximum), shared,
                                      [](F32 a, F32 b) { return a + b; });

  const F32 shift = softmax_shift(maximum);
  const F32 scale = select(sum == 0.0f, F32(0.0f), reciprocal(sum) * kvroof::cublas::kWeightScale);
  for (U32 token = thread_index() * 4u; token < static_cast<unsigned>(problem.kv_len);
       token = token + static_cast<unsigned>(step)) {
    const Scores four = load_scores(scores, token, problem);
    F32 weight[4];
    KVROOF_UNROLL
    for (int i = 0; i < 4; ++i) weight[i] = exp2_approx(four.of[i] - shift) * scale;
    store_global<U32x2>(weights + token, U32x2{pack_values<Value>(weight[0], weight[1]),
                                               pack_values<Value>(weight[2], weight[3])});
  }

  if (problem.log_sum_exps == nullptr) return;
  constexpr float ln_2 = 0.693147180559945309f;
  store_global_if<F32>(thread_index() == 0u, problem.log_sum_exps + head,
                       (shift + log2_approx(sum)) * ln_2);
}

}  // namespace kvroof::KVROOF_BACKEND::cublas
