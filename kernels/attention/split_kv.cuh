// SPDX-License-Identifier: Apache-2.0
#pragma once

// The walk that split-KV attention kernels share: a warp takes the rows of its stretch one after
// the other, and what it finds is merged (partials.cuh).

#include "kernels/attention/partials.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

/// The body of a split-KV kernel of plan.blocks blocks of plan.warps warps. Calls
///   attend(row, first, end, results)
/// for every stretch [first, end) of a row's units, counted from the row's first, that the warp
/// has: it adds to results[Tile::kHeadTiles]. warp_bytes: shared memory of a warp, from
/// shared_memory() on; attend() may use it, and leaves no copy to it under way. Called by: all
/// threads of the block; `attend` by all 32 lanes, converged.
template <class Value, class Tile, class Problem, class Plan, class Attend>
KVROOF_DEVICE void split_kv(const Problem& problem, const Plan& plan, std::int64_t warp_bytes,
                            Attend&& attend) {
  constexpr int head_dim = Tile::kHeadDim;
  const PartialLayout layout(problem, plan);
  std::byte* shared = &shared_memory<std::byte>();

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
  WarpResult<head_dim> results[Tile::kHeadTiles];
  while (unit < end) {
    while (unit >= span.end_unit) span = next_row(problem, span);
    const int stop = end < span.end_unit ? end : span.end_unit;
    KVROOF_UNROLL
    for (WarpResult<head_dim>& result : results) result = {};
    attend(span.row, unit - span.first_unit, stop - span.first_unit, results);
    if (!single_row) {
      KVROOF_UNROLL
      for (int tile = 0; tile < Tile::kHeadTiles; ++tile)
        store_warp_partial(problem.workspace, layout, worker, span.row.index, tile, results[tile]);
    }
    unit = stop;
  }
  if (single_row) {
    sync_warp();  // every lane is done with what was staged there
    auto& own = *reinterpret_cast<typename Tile::MergeShared*>(shared + warp_index() * warp_bytes);
    KVROOF_UNROLL
    for (int tile = 0; tile < Tile::kHeadTiles; ++tile)
      share_result<Tile>(own, tile, results[tile]);
    sync_threads();
    store_block_partial<Tile>(problem.workspace, plan.warps, layout, block_span.row.index, shared,
                              warp_bytes);
  }
  sync_threads();
  finish_rows<Value, head_dim>(problem, plan.warps, layout, deal, block_span, block_end);
}

}  // namespace kvroof::KVROOF_BACKEND::attention
