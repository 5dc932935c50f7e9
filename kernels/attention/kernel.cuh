// SPDX-License-Identifier: Apache-2.0
#pragma once

// Split-KV decode attention over lane chunks and a dense window, merge of the splits included: one
// launch.
//
// Grid      plan.blocks blocks, about one per SM, of plan.warps warps. The work is dealt to all
// warps in equal
//           stretches of units of 64 tokens (schedule.hpp); a warp walks the rows of its stretch
//           for all query heads of the group: the group is the N of one or two mma, so every key
//           and value is read and expanded once.
// Shared    per warp a buffer of staged keys and one of staged values (tile.hpp).
// Waits     a warp waits only for its own copies; the block meets once, before rows are finished.
// Blocks never wait for
//           each other: the last to finish a row merges it.
// Numerics  scores, softmax and outputs in F32, probabilities rounded to the value type before the
// second mma. Base-2
//           exponentials. A row without tokens gets output 0 and log-sum-exp -inf.
// More      docs/kernels/attention.md

#include "kernels/attention/chunks.cuh"
#include "kernels/attention/split_kv.cuh"
#include "kernels/attention/window.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

/// Attends to units [first, end) of a row, counted from the row's first.
/// Called by: all 32 lanes, converged.
template <class Value, class Tile>
KVROOF_DEVICE void attend_units(const DecodeProblem& problem, const Row& row, int first, int end,
                                WarpBuffers<Tile>& buffers,
                                WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  const kvroof::attention::RowUnits units =
      kvroof::attention::row_units(row.kv_len, problem.window);
  if (first < units.chunks) {
    const int chunk_end = end < units.chunks ? end : units.chunks;
    attend_chunks<Value, Tile>(problem, row, first, chunk_end, buffers, results);
  }
  if (end > units.chunks) {
    const int window_first = (first > units.chunks ? first : units.chunks) * lane_chunk::kTokens;
    const int window_end =
        end * lane_chunk::kTokens < row.kv_len ? end * lane_chunk::kTokens : row.kv_len;
    using Shared = WindowShared<Tile>;
    static_assert(sizeof(Shared) <= Tile::query_offset(Tile::kMinLines),
                  "a warp's buffers hold its window rows");
    auto& window = *reinterpret_cast<Shared*>(buffers.keys);
    attend_window<Value, Tile>(problem, row, window_first, window_end, window, buffers.queries(),
                               results);
  }
}

template <class Value, class Tile>
KVROOF_KERNEL(Tile::kMaxThreads)
decode_kernel(const DecodeProblem problem, const DecodePlan plan) {
  using Results = WarpResult<Tile::kHeadDim>[Tile::kHeadTiles];
  const std::int64_t warp_bytes = Tile::warp_bytes(plan.lines);
  WarpBuffers<Tile> buffers =
      make_warp_buffers<Tile>(&shared_memory<std::byte>() + warp_index() * warp_bytes, plan.lines);
  split_kv<Value, Tile>(problem, plan, warp_bytes,
                        [&](const Row& row, int first, int end, Results& results) {
                          attend_units<Value, Tile>(problem, row, first, end, buffers, results);
                        });
}

}  // namespace kvroof::KVROOF_BACKEND::attention
