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
using kvroof::dense::ReducedRows;

template <class Tile>
struct Stage {
  RowTile<Tile::kHeadDim> keys;
  RowTile<Tile::kHeadDim> values;
  static_assert(2 * sizeof(RowTile<Tile::kHeadDim>) == Tile::kStageBytes);
};

/// Which channels the columns of reduced rows are; of keys, which channel of the queries each
/// meets: RowOrder's counterpart.
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

/// The keys or values of some tokens of a row, and which channels their columns are.
template <class Value>
struct RowSource {
  RowRing<Value> ring;
  ColumnOrder order;  // no channel_index: as they come
};
/// `rows` is [batch, kv_heads, capacity, head_dim].
template <class Value>
KVROOF_DEVICE RowSource<Value> full_rows(const void* rows, int capacity, int head_dim,
                                         const Row& row) {
  const std::int64_t first = std::int64_t{row.index} * capacity * head_dim;
  return {{static_cast<const Value*>(rows) + first, capacity, head_dim}, {}};
}
template <class Value>
KVROOF_DEVICE RowSource<Value> reduced_rows(const ReducedRows& reduced, int capacity,
                                            const Row& row) {
  const std::int64_t first = std::int64_t{row.index} * capacity * reduced.channels;
  return {{static_cast<const Value*>(reduced.rows) + first, capacity, reduced.channels},
          {reduced.channel_index + std::int64_t{row.index} * reduced.channels, reduced.channels}};
}
template <class Value>
KVROOF_DEVICE RowSource<Value> key_source(const DenseProblem& problem, const Row& row,
                                          bool reduced) {
  if (reduced && problem.reduced_keys.channels > 0)
    return reduced_rows<Value>(problem.reduced_keys, problem.reduced_capacity, row);
  return full_rows<Value>(problem.keys, problem.key_capacity, problem.head_dim, row);
}
template <class Value>
KVROOF_DEVICE RowSource<Value> value_source(const DenseProblem& problem, const Row& row,
                                            bool reduced) {
  if (reduced && problem.reduced_values.channels > 0)
    return reduced_rows<Value>(problem.reduced_values, problem.reduced_capacity, row);
  return full_rows<Value>(problem.values, problem.value_capacity, problem.head_dim, row);
}

/// Moves outputs that stand in columns of reduced values to the channels that the columns are, by
/// way of the warp's stages. Called by: all 32 lanes, converged.
template <class Tile>
KVROOF_DEVICE void spread_columns(const ColumnOrder& order, Stage<Tile>* stages,
                                  WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  using attention::lane_head;
  float* outputs = &reinterpret_cast<typename Tile::MergeShared*>(stages)->outputs[0][0];
  const U32 g = lane_index() >> 2;
  const auto row_of = [&](int tile, int h) {
    return outputs +
           (lane_head(tile) + static_cast<unsigned>(h)) * static_cast<unsigned>(Tile::kMergeRow);
  };
  // Calls move(row, output, channel or column) for all that a lane holds.
  const auto for_each_output = [&](auto&& move) {
    KVROOF_UNROLL
    for (int step = 0; step < lane_chunk::steps(Tile::kHeadDim); ++step) {
      KVROOF_UNROLL
      for (int half = 0; half < 2; ++half) {
        const U32 place = lane_chunk::value_channel(g, step, half);
        KVROOF_UNROLL
        for (int tile = 0; tile < Tile::kHeadTiles; ++tile) {
          KVROOF_UNROLL
          for (int h = 0; h < 2; ++h)
            move(row_of(tile, h), results[tile].outputs[step][2 * half + h], place);
        }
      }
    }
  };
  sync_warp();  // every lane is done with what the stages held
  for_each_output([](float* row, F32&, U32 channel) { store_shared<F32>(row + channel, 0.0f); });
  sync_warp();
  for_each_output([&](float* row, F32& output, U32 column) {
    const bool valid = column < static_cast<unsigned>(order.columns);
    const U32 channel =
        select(valid, load_global_if<U32>(valid, order.channel_index + column), U32(~0u));
    store_shared_if<F32>(channel < static_cast<unsigned>(Tile::kHeadDim), row + channel, output);
  });
  sync_warp();
  for_each_output(
      [](float* row, F32& output, U32 channel) { output = load_shared<F32>(row + channel); });
}

/// Attends to tokens [first, end) of a row, 16 at a time. While a stage is used, the next
/// kStages - 1 are on their way. Called by: all 32 lanes, converged. Leaves no copy under way.
template <class Value, class Tile>
KVROOF_DEVICE void attend_tokens(const DenseProblem& problem, const Row& row,
                                 const RowSource<Value>& keys, const RowRing<Value>& values,
                                 int first, int end, Stage<Tile>* stages,
                                 WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  constexpr int ahead = Tile::kStages - 1;
  const U32 lane = lane_index();
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
  for (int part = 0; part < 2; ++part) {  // one body for both kinds of rows
    const bool reduced = part == 0;
    const int unit = reduced || first > reduced_units ? first : reduced_units;
    const int unit_end = reduced && end > reduced_units ? reduced_units : end;
    if (unit >= unit_end) continue;
    const int first_token = reduced ? 0 : reduced_end;
    const int last_token = reduced ? reduced_end : row.kv_len;
    const int base = reduced ? 0 : reduced_units;
    const int token = first_token + (unit - base) * kUnitTokens;
    const int token_end = first_token + (unit_end - base) * kUnitTokens;
    const RowSource<Value> values = value_source<Value>(problem, row, reduced);
    attend_tokens<Value, Tile>(problem, row, key_source<Value>(problem, row, reduced), values.ring,
                               token, token_end < last_token ? token_end : last_token, stages,
                               results);
    if (values.order.channel_index != nullptr) spread_columns<Tile>(values.order, stages, results);
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
