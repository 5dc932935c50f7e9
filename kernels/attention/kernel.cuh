// SPDX-License-Identifier: Apache-2.0
#pragma once

// Split-KV decode attention over lane chunks and a dense window, merge of the splits included: one
// launch.
//
// Grid      plan.blocks blocks, about one per SM, of plan.warps warps. The work is dealt to all
// warps in equal
//           stretches of units of 64 tokens (schedule.hpp); a warp walks the rows of its stretch
//           for all query heads of the group: the group is the N of the mma, so every key and value
//           is read and expanded once.
// Shared    per warp a buffer of staged keys and one of staged values (tile.hpp).
// Waits     a warp waits only for its own copies; the block meets once, before rows are finished.
// Blocks never wait for
//           each other: the last to finish a row merges it.
// Numerics  scores, softmax and outputs in F32, probabilities rounded to the value type before the
// second mma. Base-2
//           exponentials. A row without tokens gets output 0 and log-sum-exp -inf.
// More      docs/kernels/attention.md

#include "kernels/attention/chunks.cuh"
#include "kernels/attention/partials.cuh"
#include "kernels/attention/window.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

/// Attends to units [first, end) of a row, counted from the row's first.
/// Called by: all 32 lanes, converged.
template <class Value, int HeadDim>
KVROOF_DEVICE void attend_units(const DecodeProblem& problem, const Row& row, int first, int end,
                                WarpBuffers<HeadDim>& buffers, WarpResult<HeadDim>& result) {
  const RowUnits units = row_units(row.kv_len, problem.window);
  if (first < units.chunks) {
    const int chunk_end = end < units.chunks ? end : units.chunks;
    attend_chunks<Value, HeadDim>(problem, row, first, chunk_end, buffers, result);
  }
  if (end > units.chunks) {
    const int window_first = (first > units.chunks ? first : units.chunks) * lane_chunk::kTokens;
    const int window_end =
        end * lane_chunk::kTokens < row.kv_len ? end * lane_chunk::kTokens : row.kv_len;
    auto& window = *reinterpret_cast<typename DecodeTile<HeadDim>::WindowShared*>(buffers.keys);
    attend_window<Value, HeadDim>(problem, row, window_first, window_end, window, result);
  }
}

template <class Value, int HeadDim>
KVROOF_KERNEL(DecodeTile<HeadDim>::kMaxThreads)
decode_kernel(const DecodeProblem problem, const DecodePlan plan) {
  const PartialLayout layout(problem, plan);
  const std::int64_t warp_bytes = DecodeTile<HeadDim>::warp_bytes(plan.lines);
  std::byte* shared = &shared_memory<std::byte>();
  std::byte* warp_shared = shared + warp_index() * warp_bytes;

  const Deal deal = deal_units(problem, plan);
  const std::int64_t first_worker = std::int64_t{block_index_x()} * plan.warps;
  const int block_first = deal.first(first_worker);
  const int block_end = deal.first(first_worker + plan.warps);
  if (block_first == block_end) return;  // the whole block
  const RowSpan block_span = find_row(problem, block_first);
  const bool single_row = block_end <= block_span.end_unit;

  const std::int64_t worker = first_worker + warp_index();
  int unit = deal.first(worker);
  const int end = deal.first(worker + 1);
  RowSpan span = block_span;
  WarpBuffers<HeadDim> buffers = make_warp_buffers<HeadDim>(warp_shared, plan.lines);
  WarpResult<HeadDim> result;
  while (unit < end) {
    while (unit >= span.end_unit) span = next_row(problem, span);
    const int stop = end < span.end_unit ? end : span.end_unit;
    result = WarpResult<HeadDim>{};
    attend_units<Value, HeadDim>(problem, span.row, unit - span.first_unit, stop - span.first_unit,
                                 buffers, result);
    if (!single_row) store_warp_partial(problem, layout, worker, span.row.index, result);
    unit = stop;
  }
  if (single_row) {
    share_result<HeadDim>(
        *reinterpret_cast<typename DecodeTile<HeadDim>::MergeShared*>(warp_shared), result);
    sync_threads();
    store_block_partial<HeadDim>(problem, plan, layout, block_span.row.index, shared, warp_bytes);
  }
  sync_threads();
  finish_rows<Value, HeadDim>(problem, plan, layout, deal, block_span, block_end);
}

}  // namespace kvroof::KVROOF_BACKEND::attention
