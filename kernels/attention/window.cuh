// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention of one warp to tokens of the dense window.

#include "kernels/attention/warp_state.cuh"
#include "kernels/primitives/row_tile.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

/// What lies in a warp's shared memory then.
template <int HeadDim>
struct WindowShared {
  typename DecodeTile<HeadDim>::CopyBarriers barriers;
  static constexpr int kTiles = 2;  // that are under way together
  RowTile<HeadDim> keys[kTiles];
  RowTile<HeadDim> values[kTiles];
};

/// Attends to tokens [first, end) of a row, which lie in the dense window, 32 at a time.
/// Called by: all 32 lanes, converged.
template <class Value, int HeadDim>
KVROOF_DEVICE void attend_window(const DecodeProblem& problem, const Row& row, int first, int end,
                                 WindowShared<HeadDim>& shared, WarpResult<HeadDim> (&results)[1]) {
  static_assert(sizeof(WindowShared<HeadDim>) <=
                    DecodeTile<HeadDim>::warp_bytes(DecodeTile<HeadDim>::kMinLines),
                "a warp's buffers hold its window rows");
  const U32 lane = lane_index();
  const std::int64_t ring = std::int64_t{row.index} * problem.window_capacity * HeadDim;
  const RowRing<Value> keys{static_cast<const Value*>(problem.window_keys) + ring,
                            problem.window_capacity, HeadDim};
  const RowRing<Value> values{static_cast<const Value*>(problem.window_values) + ring,
                              problem.window_capacity, HeadDim};
  RegisterQueries<HeadDim, 1> queries;
  load_queries<Value>(problem, row, RowOrder{}, lane, queries.fragments[0]);

  constexpr int tile_rows = RowTile<HeadDim>::kRows;
  KVROOF_NO_UNROLL
  for (; first < end; first += WindowShared<HeadDim>::kTiles * tile_rows) {
    sync_warp();  // before rows are overwritten
    KVROOF_UNROLL
    for (int tile = 0; tile < WindowShared<HeadDim>::kTiles; ++tile) {
      const int begin = first + tile * tile_rows;
      if (begin >= end) break;
      stage_rows(shared.keys[tile], keys, begin, end - begin, lane);
      stage_rows(shared.values[tile], values, begin, end - begin, lane);
    }
    copy_async_commit();
    copy_async_wait<0>();
    sync_warp();
    KVROOF_NO_UNROLL
    for (int tile = 0; tile < WindowShared<HeadDim>::kTiles; ++tile) {
      const int begin = first + tile * tile_rows;
      if (begin >= end) break;
      F32 scores[1][1][4];
      score_rows<Value>(shared.keys[tile], queries, problem.softmax_scale * kLog2E, end - begin,
                        lane, scores);
      update_softmax(scores[0], results[0].softmax, results[0].outputs);
      accumulate_rows<Value>(shared.values[tile], scores, lane, results);
    }
  }
  sync_warp();
}

}  // namespace kvroof::KVROOF_BACKEND::attention
