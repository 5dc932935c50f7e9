// SPDX-License-Identifier: Apache-2.0
#pragma once

// Split-KV decode attention over 2:4 chunks and a dense window: the schedule, the window and the
// merge of attention/kernel.cuh around chunks that the sparse tensor core takes as they are.
//
// Grid      plan.blocks blocks of plan.warps warps; equal stretches of units of 64 tokens
//           (attention/schedule.hpp). The group of query heads is the N of the mma.
// Shared    per warp a key chunk and a value chunk (tile.hpp).
// Waits     as in attention/kernel.cuh: a warp for its own copies, the block once, blocks never.
// Numerics  scores, softmax and outputs in F32, probabilities rounded to the value type before the
//           second mma. Base-2 exponentials.
// More      docs/kernels/two_four.md

#include "kernels/attention/partials.cuh"
#include "kernels/attention/window.cuh"
#include "kernels/baselines/two_four/chunks.cuh"

namespace kvroof::KVROOF_BACKEND::two_four {

/// Attends to units [first, end) of a row, counted from the row's first.
/// Called by: all 32 lanes, converged.
template <class Value, int HeadDim>
KVROOF_DEVICE void attend_units(const DecodeProblem& problem, const Row& row, int first, int end,
                                WarpChunks<HeadDim>& staged, std::byte* warp_shared,
                                WarpResult<HeadDim>& result) {
  using WindowShared = typename kvroof::attention::DecodeTile<HeadDim>::WindowShared;
  const int chunks = attention::row_units(row.kv_len, problem.window).chunks;
  if (first < chunks) {
    attend_chunks<Value, HeadDim>(problem, row, first, end < chunks ? end : chunks, staged, result);
  }
  if (end > chunks) {
    const int window_first = (first > chunks ? first : chunks) * format::kTokens;
    const int window_end = end * format::kTokens < row.kv_len ? end * format::kTokens : row.kv_len;
    attention::attend_window<Value, HeadDim>(problem, row, window_first, window_end,
                                             *reinterpret_cast<WindowShared*>(warp_shared), result);
  }
}

template <class Value, int HeadDim>
KVROOF_KERNEL(kvroof::two_four::DecodeTile<HeadDim>::kMaxThreads)
decode_kernel(const DecodeProblem problem, const attention::DecodePlan plan) {
  using Tile = kvroof::two_four::DecodeTile<HeadDim>;
  const attention::PartialLayout layout(problem, plan);
  std::byte* shared = &shared_memory<std::byte>();
  std::byte* warp_shared = shared + warp_index() * Tile::kWarpBytes;

  const attention::Deal deal = attention::deal_units(problem, plan);
  const std::int64_t first_worker = std::int64_t{block_index_x()} * plan.warps;
  const int block_first = deal.first(first_worker);
  const int block_end = deal.first(first_worker + plan.warps);
  if (block_first == block_end) return;  // the whole block
  const attention::RowSpan block_span = attention::find_row(problem, block_first);
  const bool single_row = block_end <= block_span.end_unit;

  const std::int64_t worker = first_worker + warp_index();
  int unit = deal.first(worker);
  const int end = deal.first(worker + 1);
  attention::RowSpan span = block_span;
  WarpChunks<HeadDim> staged = make_warp_chunks<HeadDim>(warp_shared);
  WarpResult<HeadDim> result;
  while (unit < end) {
    while (unit >= span.end_unit) span = attention::next_row(problem, span);
    const int stop = end < span.end_unit ? end : span.end_unit;
    result = WarpResult<HeadDim>{};
    attend_units<Value, HeadDim>(problem, span.row, unit - span.first_unit, stop - span.first_unit,
                                 staged, warp_shared, result);
    if (!single_row) {
      attention::store_warp_partial(problem, layout, worker, span.row.index, result);
    }
    unit = stop;
  }
  if (single_row) {
    attention::share_result<HeadDim>(
        *reinterpret_cast<typename Tile::Attention::MergeShared*>(warp_shared), result);
    sync_threads();
    attention::store_block_partial<HeadDim>(problem, plan, layout, block_span.row.index, shared,
                                            Tile::kWarpBytes);
  }
  sync_threads();
  attention::finish_rows<Value, HeadDim>(problem, plan, layout, deal, block_span, block_end);
}

}  // namespace kvroof::KVROOF_BACKEND::two_four
