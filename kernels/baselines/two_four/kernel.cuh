// SPDX-License-Identifier: Apache-2.0
#pragma once

// Split-KV decode attention over 2:4 chunks and a dense window: the schedule, the window and the
// merge of attention/kernel.cuh around chunks that the sparse tensor core takes as they are.
//
// Grid      plan.blocks blocks of plan.warps warps; equal stretches of units of 64 tokens
//           (attention/schedule.hpp). The group of query heads is the N of one or two
//           mma.
// Shared    per warp a key chunk and a value chunk (tile.hpp).
// Waits     as in attention/kernel.cuh: a warp for its own copies, the block once, blocks never.
// Numerics  scores, softmax and outputs in F32, probabilities rounded to the value type before the
//           second mma. Base-2 exponentials.
// More      docs/kernels/two_four.md

#include "kernels/attention/split_kv.cuh"
#include "kernels/attention/window.cuh"
#include "kernels/baselines/two_four/chunks.cuh"

namespace kvroof::KVROOF_BACKEND::two_four {

/// Attends to units [first, end) of a row, counted from the row's first.
/// Called by: all 32 lanes, converged.
template <class Value, class Tile>
KVROOF_DEVICE void attend_units(const DecodeProblem& problem, const Row& row, int first, int end,
                                WarpChunks<Tile>& staged, std::byte* warp_shared,
                                WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  using WindowShared = attention::WindowShared<typename Tile::Attention>;
  static_assert(sizeof(WindowShared) <= Tile::kQueryOffset,
                "a warp's chunks leave room for its window rows");
  const int chunks = kvroof::attention::row_units(row.kv_len, problem.window).chunks;
  if (first < chunks) {
    attend_chunks<Value, Tile>(problem, row, first, end < chunks ? end : chunks, staged, results);
  }
  if (end > chunks) {
    const int window_first = (first > chunks ? first : chunks) * format::kTokens;
    const int window_end = end * format::kTokens < row.kv_len ? end * format::kTokens : row.kv_len;
    auto& window = *reinterpret_cast<WindowShared*>(warp_shared);
    attention::attend_window<Value, typename Tile::Attention>(
        problem, row, window_first, window_end, window, staged.queries, results);
  }
}

template <class Value, class Tile>
KVROOF_KERNEL(Tile::kMaxThreads, 1)
decode_kernel(const DecodeProblem problem, const attention::DecodePlan plan) {
  using Results = WarpResult<Tile::kHeadDim>[Tile::kHeadTiles];
  std::byte* warp_shared = &shared_memory<std::byte>() + warp_index() * Tile::kWarpBytes;
  WarpChunks<Tile> staged = make_warp_chunks<Tile>(warp_shared);
  attention::split_kv<Value, typename Tile::Attention>(
      problem, plan, Tile::kWarpBytes, [&](const Row& row, int first, int end, Results& results) {
        attend_units<Value, Tile>(problem, row, first, end, staged, warp_shared, results);
      });
}

}  // namespace kvroof::KVROOF_BACKEND::two_four
