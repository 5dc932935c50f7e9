// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention of one warp to tokens of the dense window.

#include "kernels/attention/warp_state.cuh"
#include "kernels/primitives/row_tile.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

/// What lies in a warp's shared memory then.
template <class Tile>
struct WindowShared {
  static constexpr int kHeadDim = Tile::kHeadDim;
  typename Tile::CopyBarriers barriers;
  static constexpr int kTiles = 2;  // that are under way together
  RowTile<kHeadDim> keys[kTiles];
  RowTile<kHeadDim> values[kTiles];
};

/// Attends to tokens [first, end) of a row, which lie in the dense window, 16 at a time while the
/// next 16 are on their way. Leaves no copy under way.
/// query_shared: of query_place(). Called by: all 32 lanes, converged.
template <class Value, class Tile>
KVROOF_DEVICE void attend_window(const DecodeProblem& problem, const Row& row, int first, int end,
                                 WindowShared<Tile>& shared, std::byte* query_shared,
                                 WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  constexpr int head_dim = Tile::kHeadDim;
  const U32 lane = lane_index();
  const std::int64_t ring = std::int64_t{row.index} * problem.window_capacity * head_dim;
  const RowRing<Value> keys{static_cast<const Value*>(problem.window_keys) + ring,
                            problem.window_capacity, head_dim};
  const RowRing<Value> values{static_cast<const Value*>(problem.window_values) + ring,
                              problem.window_capacity, head_dim};
  constexpr int tile_rows = RowTile<head_dim>::kRows;
  constexpr int places = WindowShared<Tile>::kTiles;
  const auto stage = [&](int tile) {
    const int begin = first + tile * tile_rows;
    if (begin < end) {
      stage_rows(shared.keys[tile % places], keys, begin, end - begin, lane);
      stage_rows(shared.values[tile % places], values, begin, end - begin, lane);
    }
    copy_async_commit();  // an empty group too: the waits below count groups
  };
  sync_warp();  // every lane is done with what was staged here
  KVROOF_NO_UNROLL
  for (int tile = 0; tile < places; ++tile) stage(tile);
  auto queries = query_place<Tile>(query_shared, lane);
  load_group<Value, Tile>(problem, row, RowOrder{}, lane, false, queries);

  KVROOF_NO_UNROLL
  for (int tile = 0; first + tile * tile_rows < end; ++tile) {
    copy_async_wait<places - 1>();
    sync_warp();
    F32 scores[Tile::kHeadTiles][1][4];
    score_rows<Value>(shared.keys[tile % places], queries, problem.softmax_scale * kLog2E,
                      end - first - tile * tile_rows, lane, scores);
    KVROOF_UNROLL
    for (int head_tile = 0; head_tile < Tile::kHeadTiles; ++head_tile)
      update_softmax(scores[head_tile], results[head_tile].softmax, results[head_tile].outputs);
    accumulate_rows<Value>(shared.values[tile % places], scores, lane, results);
    sync_warp();  // before the rows are overwritten
    stage(tile + places);
  }
}

}  // namespace kvroof::KVROOF_BACKEND::attention
