// SPDX-License-Identifier: Apache-2.0
#pragma once

// Split-KV decode attention over lane chunks and a dense window, and the merge of the splits.
//
// Grid      x: splits of the compressed prefix, then one block for the dense window; y: kv head; z:
// sequence. Block     4 warps that share nothing but the final merge. A warp takes every fourth
// chunk of 64 tokens of its split
//           (or every fourth tile of 16 tokens of the window) for all query heads of the group: the
//           group is the N of the mma, so every key and value is read and expanded once.
// Shared    per warp one staged key chunk and one staged value chunk; reused for the merge
// (tile.hpp). Waits     a warp waits only for its own copies; the block meets once, before the
// merge. Numerics  scores, softmax and outputs in F32, probabilities rounded to the value type
// before the second mma. Base-2
//           exponentials. A split without tokens leaves output 0 and log-sum-exp -inf.
// More      docs/kernels/attention.md

#include "kernels/attention/stages.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

template <class Value, int HeadDim>
KVROOF_KERNEL(DecodeTile<HeadDim>::kThreads)
decode_kernel(const DecodeProblem problem, const DecodePlan plan) {
  auto& shared = shared_memory<typename DecodeTile<HeadDim>::Shared>();
  const BlockWork work = block_work(problem);
  WarpResult<HeadDim> result;
  if (block_index_x() < plan.splits) {
    attend_chunks<Value, HeadDim>(problem, plan, work, shared.warps[warp_index()], result);
    sync_threads();
    share_result<HeadDim, ChunkOrder>(result, shared.merge);
  } else {
    attend_window<Value, HeadDim>(problem, work, shared.windows[warp_index()], result);
    sync_threads();
    share_result<HeadDim, RowOrder>(result, shared.merge);
  }
  sync_threads();
  store_partial<HeadDim>(problem, plan, work, shared.merge);
}

inline constexpr int kMergeThreads = 128;

/// Grid x: query head, y: sequence. Weighs the partial outputs of all splits by their log-sum-exps.
template <class Value, int HeadDim>
KVROOF_KERNEL(kMergeThreads)
merge_kernel(const DecodeProblem problem, const DecodePlan plan) {
  const kvroof::attention::PartialLayout layout(problem, plan);
  const int group = layout.group;
  const int query_head = block_index_x();
  const int sequence = block_index_y();
  const std::int64_t row = std::int64_t{sequence} * problem.kv_heads + query_head / group;
  const float* log_sums = layout.log_sums(problem.workspace);
  const float* partial_outputs = layout.outputs(problem.workspace);

  F32 maximum = kMinusInfinity;
  for (int split = 0; split < layout.partials; ++split) {
    maximum =
        max_f32(maximum, load_global<F32>(log_sums + layout.index(row, split, query_head % group)));
  }
  F32 sum = 0.0f;
  for (int split = 0; split < layout.partials; ++split) {
    sum = sum +
          merge_weight(load_global<F32>(log_sums + layout.index(row, split, query_head % group)),
                       maximum);
  }
  const F32 scale = select(sum == 0.0f, F32(0.0f), reciprocal(sum));
  const std::int64_t output_row = std::int64_t{sequence} * problem.query_heads + query_head;

  // Two channels per thread, so that a store is a whole register.
  for (int first = 0; first < HeadDim; first += 2 * kMergeThreads) {
    const U32 channel = thread_index() * 2u + static_cast<unsigned>(first);
    if (channel >= static_cast<unsigned>(HeadDim)) break;
    F32x2 output{0.0f, 0.0f};
    for (int split = 0; split < layout.partials; ++split) {
      const std::int64_t partial = layout.index(row, split, query_head % group);
      const F32 weight = merge_weight(load_global<F32>(log_sums + partial), maximum);
      const F32x2 part = load_global<F32x2>(partial_outputs + partial * HeadDim + channel);
      output.x = fused_multiply_add(weight, part.x, output.x);
      output.y = fused_multiply_add(weight, part.y, output.y);
    }
    store_global<U32>(static_cast<Value*>(problem.outputs) + output_row * HeadDim + channel,
                      pack_values<Value>(output.x * scale, output.y * scale));
  }
  if (problem.log_sum_exps != nullptr) {
    constexpr float ln_2 = 0.693147180559945309f;
    store_global_if<F32>(thread_index() == 0u, problem.log_sum_exps + output_row,
                         (softmax_shift(maximum) + log2_approx(sum)) * ln_2);
  }
}

}  // namespace kvroof::KVROOF_BACKEND::attention
