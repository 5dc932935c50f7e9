// SPDX-License-Identifier: Apache-2.0
#pragma once

// Split-KV decode attention over dense keys and values, merge of the splits included: one launch.
//
// Grid      plan.blocks blocks, about one per SM, of plan.warps warps. The work is dealt to all
//           warps in equal stretches of units of 16 tokens (attention/schedule.hpp); the query
//           heads of a group are the N of the mma, so every key and value is read once.
// Shared    per warp a ring of stages of 16 keys and 16 values (tile.hpp).
// Waits     a warp waits only for its own copies; the block meets once, before rows are finished.
// Numerics  as in attention/kernel.cuh.
// More      docs/kernels/dense.md

#include "kernels/attention/split_kv.cuh"
#include "kernels/baselines/dense/plan.hpp"
#include "kernels/baselines/dense/problem.hpp"
#include "kernels/baselines/dense/tile.hpp"
#include "kernels/primitives/row_tile.cuh"

namespace kvroof::KVROOF_BACKEND::dense {

using attention::Row;
using kvroof::dense::DensePlan;
using kvroof::dense::DenseProblem;
using kvroof::dense::kUnitTokens;

template <class Tile>
struct Stage {
  RowTile<Tile::kHeadDim> keys;
  RowTile<Tile::kHeadDim> values;
  static_assert(2 * sizeof(RowTile<Tile::kHeadDim>) == Tile::kStageBytes);
};

/// Which channel of the queries a column of reduced key rows meets; RowOrder's counterpart.
struct ColumnOrder {
  static constexpr bool kPairsAdjoin = false;
  const std::int32_t* channel_index;  // [columns]
  int columns;

  KVROOF_DEVICE U32 key_channel(U32 t, int step, int i) const {
    const U32 column = RowOrder{}.key_channel(t, step, i);
    const bool valid = column < static_cast<unsigned>(columns);
    return select(valid, load_global_if<U32>(valid, channel_index + column), U32(~0u));
  }
};

/// The keys of some tokens of a row, and what meets them.
template <class Value>
struct KeySource {
  RowRing<Value> ring;
  ColumnOrder order;  // no channel_index: RowOrder
};
template <class Value>
KVROOF_DEVICE KeySource<Value> full_keys(const DenseProblem& problem, const Row& row) {
  const std::int64_t first = std::int64_t{row.index} * problem.key_capacity * problem.head_dim;
  return {{static_cast<const Value*>(problem.keys) + first, problem.key_capacity, problem.head_dim},
          {}};
}
template <class Value>
KVROOF_DEVICE KeySource<Value> reduced_keys(const DenseProblem& problem, const Row& row) {
  const auto& keys = problem.reduced_keys;
  const std::int64_t first = std::int64_t{row.index} * problem.capacity * keys.channels;
  return {{static_cast<const Value*>(keys.rows) + first, problem.capacity, keys.channels},
          {keys.channel_index + std::int64_t{row.index} * keys.channels, keys.channels}};
}

/// Attends to tokens [first, end) of a row, 16 at a time. While a stage is used, the next
/// kStages - 1 are on their way. Called by: all 32 lanes, converged. Leaves no copy under way.
template <class Value, class Tile>
KVROOF_DEVICE void attend_tokens(const DenseProblem& problem, const Row& row,
                                 const KeySource<Value>& keys, int first, int end,
                                 Stage<Tile>* stages,
                                 WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  constexpr int ahead = Tile::kStages - 1;
  const U32 lane = lane_index();
  const RowRing<Value> values{static_cast<const Value*>(problem.values) +
                                  std::int64_t{row.index} * problem.capacity * Tile::kHeadDim,
                              problem.capacity, Tile::kHeadDim};
  const auto start = [&](int token, int stage) {
    if (token < end) {
      stage_rows(stages[stage].keys, keys.ring, token, end - token, lane);
      stage_rows(stages[stage].values, values, token, end - token, lane);
    }
    copy_async_commit();
  };
  sync_warp();  // every lane is done with what the stages held
  KVROOF_NO_UNROLL
  for (int stage = 0; stage < ahead; ++stage) start(first + stage * kUnitTokens, stage);

  auto queries =
      attention::query_place<Tile>(reinterpret_cast<std::byte*>(stages + Tile::kStages), lane);
  if (keys.order.channel_index == nullptr) {
    attention::load_group<Value, Tile>(problem, row, RowOrder{}, lane, false, queries);
  } else {
    attention::load_group<Value, Tile>(problem, row, keys.order, lane, false, queries);
  }
  int stage = 0;
  KVROOF_NO_UNROLL
  for (; first < end; first += kUnitTokens) {
    copy_async_wait<ahead - 1>();
    sync_warp();
    start(first + ahead * kUnitTokens, stage == 0 ? ahead : stage - 1);
    F32 scores[Tile::kHeadTiles][1][4];
    score_rows<Value>(stages[stage].keys, queries, problem.softmax_scale * kLog2E, end - first,
                      lane, scores);
    KVROOF_UNROLL
    for (int tile = 0; tile < Tile::kHeadTiles; ++tile)
      update_softmax(scores[tile], results[tile].softmax, results[tile].outputs);
    accumulate_rows<Value>(stages[stage].values, scores, lane, results);
    stage = stage == ahead ? 0 : stage + 1;
  }
}

/// Attends to units [first, end) of a row, counted from the row's first.
/// Called by: all 32 lanes, converged.
template <class Value, class Tile>
KVROOF_DEVICE void attend_units(const DenseProblem& problem, const Row& row, int first, int end,
                                Stage<Tile>* stages,
                                WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  const int reduced_units = row_units(problem, row.kv_len).reduced;
  const int reduced_end = reduced_tokens(problem, row.kv_len);
  KVROOF_NO_UNROLL
  for (int part = 0; part < 2; ++part) {  // one body for both kinds of keys
    const bool reduced = part == 0;
    const int unit = reduced || first > reduced_units ? first : reduced_units;
    const int unit_end = reduced && end > reduced_units ? reduced_units : end;
    if (unit >= unit_end) continue;
    const int first_token = reduced ? 0 : reduced_end;
    const int last_token = reduced ? reduced_end : row.kv_len;
    const int base = reduced ? 0 : reduced_units;
    const int token = first_token + (unit - base) * kUnitTokens;
    const int token_end = first_token + (unit_end - base) * kUnitTokens;
    attend_tokens<Value, Tile>(
        problem, row, reduced ? reduced_keys<Value>(problem, row) : full_keys<Value>(problem, row),
        token, token_end < last_token ? token_end : last_token, stages, results);
  }
}

template <class Value, class Tile>
KVROOF_KERNEL(Tile::kMaxThreads, 1)
dense_kernel(const DenseProblem problem, const DensePlan plan) {
  auto* stages =
      reinterpret_cast<Stage<Tile>*>(&shared_memory<std::byte>() + warp_index() * Tile::kWarpBytes);
  attention::split_kv<Value, Tile>(problem, plan, Tile::kWarpBytes,
                                   [&](const Row& row, int first, int end,
                                       WarpResult<Tile::kHeadDim>(&results)[Tile::kHeadTiles]) {
                                     attend_units<Value, Tile>(problem, row, first, end, stages,
                                                               results);
                                   });
}

}  // namespace kvroof::KVROOF_BACKEND::dense
