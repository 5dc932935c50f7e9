// SPDX-License-Identifier: Apache-2.0
#pragma once

// From the warps' results to the outputs. A block whose stretch lies in one row merges its warps in
// shared memory and leaves one partial result; elsewhere every warp leaves one per row. Whoever is
// last to finish a row merges its partial results; nobody waits.
//
// A Tile has kHeadDim, kMaxGroup query heads in kHeadTiles tiles of 8, and a MergeShared with
// outputs[kMaxGroup][kMergeRow], maxima[kMaxGroup] and sums[kMaxGroup].

#include "kernels/attention/warp_state.cuh"
#include "kernels/attention/work.cuh"
#include "kernels/primitives/block_reduce.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

using kvroof::attention::blocks_with_units;
using kvroof::attention::PartialLayout;

/// 1 / sum, and 0 for a result without tokens.
KVROOF_DEVICE F32 normaliser(F32 sum) { return select(sum == 0.0f, F32(0.0f), reciprocal(sum)); }

/// Log-sum-exp in base 2: -inf without tokens.
KVROOF_DEVICE F32 log_sum(F32 maximum, F32 sum) {
  return softmax_shift(maximum) + log2_approx(sum);
}

// ---- what a warp leaves ----

/// The first of the two query heads, counted from the group's first, that the calling lane holds of
/// a tile of 8.
KVROOF_DEVICE U32 lane_head(int head_tile) {
  return (lane_index() & 3u) * 2u + static_cast<unsigned>(8 * head_tile);
}

/// Writes a warp's own partial result of a row, for 8 query heads, to its slot.
/// Called by: all 32 lanes, converged.
template <int HeadDim>
KVROOF_DEVICE void store_warp_partial(void* workspace, const PartialLayout& layout,
                                      std::int64_t worker, int row, int head_tile,
                                      const WarpResult<HeadDim>& result) {
  const U32 g = lane_index() >> 2;
  const U32 first_head = lane_head(head_tile);
  const std::int64_t first = layout.worker_slot(worker, row) * layout.group;
  float* outputs = layout.outputs(workspace) + first * HeadDim;
  float* log_sums = layout.log_sums(workspace) + first;
  KVROOF_UNROLL
  for (int h = 0; h < 2; ++h) {
    const F32 sum = sum_over_tokens(result.softmax.sum[h]);
    const F32 scale = normaliser(sum);
    const U32 head = first_head + static_cast<unsigned>(h);
    const bool in_group = head < static_cast<unsigned>(layout.group);
    KVROOF_UNROLL
    for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
      KVROOF_UNROLL
      for (int half = 0; half < 2; ++half) {
        const U32 channel = lane_chunk::value_channel(g, step, half);
        store_global_if<F32>(in_group, outputs + head * static_cast<unsigned>(HeadDim) + channel,
                             result.outputs[step][2 * half + h] * scale);
      }
    }
    store_global_if<F32>(in_group && g == 0u, log_sums + head,
                         log_sum(result.softmax.maximum[h], sum));
  }
}

/// Leaves a warp's result for 8 query heads in its shared memory for the merge in the block.
/// Called by: all 32 lanes, converged, once every lane is done with what was staged there.
template <class Tile>
KVROOF_DEVICE void share_result(typename Tile::MergeShared& shared, int head_tile,
                                const WarpResult<Tile::kHeadDim>& result) {
  const U32 g = lane_index() >> 2;
  const U32 first_head = lane_head(head_tile);
  KVROOF_UNROLL
  for (int h = 0; h < 2; ++h) {
    const U32 head = first_head + static_cast<unsigned>(h);
    KVROOF_UNROLL
    for (int step = 0; step < lane_chunk::steps(Tile::kHeadDim); ++step) {
      KVROOF_UNROLL
      for (int half = 0; half < 2; ++half) {
        store_shared<F32>(&shared.outputs[0][0] + head * static_cast<unsigned>(Tile::kMergeRow) +
                              lane_chunk::value_channel(g, step, half),
                          result.outputs[step][2 * half + h]);
      }
    }
    const F32 sum = sum_over_tokens(result.softmax.sum[h]);
    store_shared_if<F32>(g == 0u, &shared.maxima[0] + head, result.softmax.maximum[h]);
    store_shared_if<F32>(g == 0u, &shared.sums[0] + head, sum);
  }
}

KVROOF_DEVICE F32 max_over_lanes(F32 value) {
  return reduce_lanes(value, [](F32 a, F32 b) { return max_f32(a, b); });
}

/// Merges what the warps of the block shared into one partial result, in the slot of the block.
/// Called by: all threads of the block; nobody writes shared memory.
template <class Tile>
KVROOF_DEVICE void store_block_partial(void* workspace, int warps, const PartialLayout& layout,
                                       int row, const std::byte* shared, std::int64_t warp_bytes) {
  using MergeShared = typename Tile::MergeShared;
  constexpr int lane_channels = Tile::kHeadDim / kWarpSize;
  const auto of_warp = [&](int warp) -> const MergeShared& {
    return *reinterpret_cast<const MergeShared*>(shared + warp * warp_bytes);
  };
  constexpr int together = 4;  // warps whose outputs are read together
  const std::int64_t first = layout.block_slot(block_index_x(), row) * layout.group;
  const U32 lane = lane_index();
  const bool has_warp = lane < static_cast<unsigned>(warps);
  KVROOF_NO_UNROLL
  for (int head = warp_index(); head < layout.group; head += warps) {
    // Lane i weighs warp i.
    const MergeShared& own = of_warp(as_int(select(has_warp, lane, U32(0u))));
    const F32 own_maximum =
        select(has_warp, load_shared<F32>(&own.maxima[head]), F32(kMinusInfinity));
    const F32 maximum = max_over_lanes(own_maximum);
    const F32 weights = merge_weight(own_maximum, maximum);
    const F32 own_sum = select(has_warp, load_shared<F32>(&own.sums[head]), F32(0.0f));
    const F32 sum = reduce_lanes(weights * own_sum, [](F32 a, F32 b) { return a + b; });
    F32 outputs[lane_channels] = {};
    KVROOF_NO_UNROLL
    for (int first_warp = 0; first_warp < warps; first_warp += together) {
      KVROOF_UNROLL
      for (int j = 0; j < together; ++j) {
        const int warp = first_warp + j;
        const bool on = warp < warps;
        const F32 weight = shuffle(weights, U32(static_cast<unsigned>(warp)));
        const float* const parts = &of_warp(on ? warp : 0).outputs[head][0];
        KVROOF_UNROLL
        for (int i = 0; i < lane_channels; ++i) {
          const F32 part = load_shared_if<F32>(on, parts + i * kWarpSize + lane);
          outputs[i] = fused_multiply_add(weight, part, outputs[i]);
        }
      }
    }
    const F32 scale = normaliser(sum);
    KVROOF_UNROLL
    for (int i = 0; i < lane_channels; ++i) {
      store_global<F32>(
          layout.outputs(workspace) + (first + head) * Tile::kHeadDim + i * kWarpSize + lane,
          outputs[i] * scale);
    }
    store_global_if<F32>(lane == 0u, layout.log_sums(workspace) + first + head,
                         log_sum(maximum, sum));
  }
}

// ---- finishing a row ----

/// The partial results of a row, in the order of its units: those of the workers of a first block
/// that has units of other rows too, one for each block that lies in the row as a whole, those of
/// the workers of such a last block.
struct RowParts {
  Deal deal;
  int warps;  // per block
  int first_worker, first_workers;
  int first_block, whole_blocks;
  int last_worker, last_workers;  // last_worker: the first one of the last block

  KVROOF_DEVICE int count() const { return first_workers + whole_blocks + last_workers; }
  /// Whether there is a part at `index`: a deal of few units has workers and blocks without any.
  KVROOF_DEVICE bool exists(int index) const {
    if (index >= count()) return false;
    if (deal.units >= deal.workers) return true;
    const int block = index - first_workers;
    if (block >= 0 && block < whole_blocks) return has_units((first_block + block) * warps, warps);
    return has_units(block < 0 ? first_worker + index : last_worker + block - whole_blocks, 1);
  }
  KVROOF_DEVICE std::int64_t slot(const PartialLayout& layout, int row, int index) const {
    const int block = index - first_workers;
    if (block < 0) return layout.worker_slot(first_worker + index, row);
    if (block < whole_blocks) return layout.block_slot(first_block + block, row);
    return layout.worker_slot(last_worker + block - whole_blocks, row);
  }

 private:
  KVROOF_DEVICE bool has_units(int worker, int workers) const {
    return deal.first(worker) < deal.first(worker + workers);
  }
};

KVROOF_DEVICE RowParts parts_of_row(const Deal& deal, int warps, const RowSpan& span) {
  const int first_worker = deal.owner(span.first_unit);
  const int end_worker = deal.owner(span.end_unit - 1) + 1;
  const int first_block = first_worker / warps;
  const int last_block = (end_worker - 1) / warps;
  const bool first_whole = deal.first(warps * std::int64_t{first_block}) >= span.first_unit;
  const bool last_whole = deal.first(warps * std::int64_t{last_block + 1}) <= span.end_unit;
  if (first_block == last_block) {
    const bool whole = first_whole && last_whole;
    return {deal,
            warps,
            first_worker,
            whole ? 0 : end_worker - first_worker,
            first_block,
            whole ? 1 : 0,
            0,
            0};
  }
  const int whole_begin = first_whole ? first_block : first_block + 1;
  const int whole_end = last_whole ? last_block + 1 : last_block;
  return {deal,
          warps,
          first_worker,
          first_whole ? 0 : (first_block + 1) * warps - first_worker,
          whole_begin,
          whole_end - whole_begin,
          last_block * warps,
          last_whole ? 0 : end_worker - last_block * warps};
}

/// The `Count` = 2, 4 or 8 outputs from `source` on that other blocks wrote; 0 unless `on`.
template <int Count>
KVROOF_DEVICE void load_outputs(bool on, const float* source, F32 (&outputs)[Count]) {
  if constexpr (Count == 2) {
    const F32x2 pair = load_global_coherent_if<F32x2>(on, source);
    outputs[0] = pair.x;
    outputs[1] = pair.y;
  } else {
    KVROOF_UNROLL
    for (int i = 0; i < Count; i += 4) {
      const F32x4 quad = load_global_coherent_if<F32x4>(on, source + i);
      outputs[i] = quad.x;
      outputs[i + 1] = quad.y;
      outputs[i + 2] = quad.z;
      outputs[i + 3] = quad.w;
    }
  }
}

/// Writes `Count` = 2, 4 or 8 outputs, rounded to Value, in one store.
template <class Value, int Count>
KVROOF_DEVICE void store_outputs(Value* target, const F32 (&outputs)[Count]) {
  U32 pairs[Count / 2];
  KVROOF_UNROLL
  for (int i = 0; i < Count / 2; ++i)
    pairs[i] = pack_values<Value>(outputs[2 * i], outputs[2 * i + 1]);
  if constexpr (Count == 2) store_global<U32>(target, pairs[0]);
  if constexpr (Count == 4) store_global<U32x2>(target, U32x2{pairs[0], pairs[1]});
  if constexpr (Count == 8)
    store_global<U32x4>(target, U32x4{pairs[0], pairs[1], pairs[2], pairs[3]});
}

/// Merges the partial results of one query head of a finished row and writes output and
/// log-sum-exp. Called by: all 32 lanes, converged.
template <class Value, int HeadDim, class Problem>
KVROOF_DEVICE void merge_head(const Problem& problem, const PartialLayout& layout,
                              const RowParts& parts, int row, int head) {
  constexpr int lane_channels = HeadDim / kWarpSize;
  constexpr int batch = 8;  // partial results whose loads are under way together
  const U32 lane = lane_index();
  F32 maximum = kMinusInfinity;
  F32 sum = 0.0f;
  F32 outputs[lane_channels] = {};
  KVROOF_NO_UNROLL
  for (int base = 0; base < parts.count(); base += kWarpSize) {
    const int part = base + as_int(lane);
    const bool exists = parts.exists(part);
    const std::int64_t index = parts.slot(layout, row, part) * layout.group + head;
    const F32 loaded =
        load_global_coherent_if<F32>(exists, layout.log_sums(problem.workspace) + index);
    const F32 part_log_sum = select(exists, loaded, F32(kMinusInfinity));
    const F32 before = maximum;
    maximum = max_f32(maximum, max_over_lanes(part_log_sum));
    const F32 rescale = merge_weight(before, maximum);
    sum = sum * rescale;
    KVROOF_UNROLL
    for (int c = 0; c < lane_channels; ++c) outputs[c] = outputs[c] * rescale;

    const F32 weights = merge_weight(part_log_sum, maximum);
    // A part that weighs nothing is read all the same: a NaN in its values must show.
    const U32 existing = ballot(exists);
    const U32 indices = static_cast<unsigned>(index);
    const int count = parts.count() - base < kWarpSize ? parts.count() - base : kWarpSize;
    KVROOF_NO_UNROLL
    for (int first = 0; first < count; first += batch) {
      F32 weight[batch];
      F32 values[batch][lane_channels];
      KVROOF_UNROLL
      for (int i = 0; i < batch; ++i) {
        const U32 source = static_cast<unsigned>((first + i) % kWarpSize);
        weight[i] = shuffle(weights, source);
        const std::int64_t from = static_cast<std::uint32_t>(shuffle(indices, source));
        load_outputs(((existing >> source) & 1u) != 0u,
                     layout.outputs(problem.workspace) + from * HeadDim + lane * lane_channels,
                     values[i]);
      }
      KVROOF_UNROLL
      for (int i = 0; i < batch; ++i) {
        sum = sum + weight[i];
        KVROOF_UNROLL
        for (int c = 0; c < lane_channels; ++c)
          outputs[c] = fused_multiply_add(weight[i], values[i][c], outputs[c]);
      }
    }
  }
  const F32 scale = normaliser(sum);
  const std::int64_t query_head = std::int64_t{row} * layout.group + head;
  KVROOF_UNROLL
  for (int c = 0; c < lane_channels; ++c) outputs[c] = outputs[c] * scale;
  store_outputs(static_cast<Value*>(problem.outputs) + query_head * HeadDim + lane * lane_channels,
                outputs);
  if (problem.log_sum_exps != nullptr) {
    constexpr float ln_2 = 0.693147180559945309f;
    store_global_if<F32>(lane == 0u, problem.log_sum_exps + query_head,
                         log_sum(maximum, sum) * ln_2);
  }
}

/// Which heads of the block's first and of its last row the block is the last to finish: bit head,
/// and bit group + head where the last row is another. Only these two can be shared with other
/// blocks. Their counters are then 0 again.
/// Called by: all 32 lanes of one warp, converged, after the block has synchronised behind its
/// partial results.
template <class Problem>
KVROOF_DEVICE U32 count_in(const Problem& problem, int warps, const PartialLayout& layout,
                           const Deal& deal, const RowSpan& first, const RowSpan& last) {
  const U32 lane = lane_index();
  const bool of_last = lane >= static_cast<unsigned>(layout.group);
  const bool same = first.row.index == last.row.index;
  const U32 head = select(of_last, lane - static_cast<unsigned>(layout.group), lane);
  const int first_unit = of_last ? last.first_unit : first.first_unit;
  const int end_unit = of_last ? last.end_unit : first.end_unit;
  const int sharers = blocks_with_units(deal, warps, first_unit, end_unit);
  const int row = of_last ? last.row.index : first.row.index;
  const bool takes_part = head < static_cast<unsigned>(layout.group) && !(of_last && same);
  bool finished = takes_part && sharers == 1;
  if (takes_part && sharers > 1) {
    std::uint32_t* counter =
        layout.counters(problem.workspace) + std::int64_t{row} * layout.group + head;
    thread_fence();
    const U32 before = atomic_add_global(counter, 1u);
    thread_fence();
    finished = before == static_cast<unsigned>(sharers - 1);
    store_global_if<U32>(finished, counter, U32(0u));
  }
  return ballot(finished);
}

/// For every row in the block's stretch, which begins in `first` and ends at `end_unit`: if the
/// block is the last to finish it, merges it. The warps share the heads of all these rows. Called
/// by: all threads of the block, converged; shared memory is free, and no more than 16 query heads
/// share a kv head.
template <class Value, int HeadDim, class Problem>
KVROOF_DEVICE void finish_rows(const Problem& problem, int warps, const PartialLayout& layout,
                               const Deal& deal, const RowSpan& first, int end_unit) {
  std::uint32_t* finished = &shared_memory<std::uint32_t>();
  if (warp_index() == 0) {
    const RowSpan last = end_unit <= first.end_unit ? first : find_row(problem, end_unit - 1);
    const U32 bits = count_in(problem, warps, layout, deal, first, last);
    store_shared_if<U32>(lane_index() == 0u, finished, bits);
  }
  sync_threads();
  const U32 bits = load_shared<U32>(finished);
  RowSpan span = first;
  int head = warp_index();  // the warp's next, counted from the row's first
  for (;;) {
    const bool is_first = span.row.index == first.row.index;
    const bool is_last = span.end_unit >= end_unit;
    const U32 ready = is_first ? bits : is_last ? bits >> layout.group : U32(0xffffffffu);
    KVROOF_NO_UNROLL
    for (; head < layout.group; head += warps) {
      if (((ready >> head) & 1u) != 0u) {
        merge_head<Value, HeadDim>(problem, layout, parts_of_row(deal, warps, span), span.row.index,
                                   head);
      }
    }
    head -= layout.group;
    if (is_last) break;
    span = next_row(problem, span);
  }
}

}  // namespace kvroof::KVROOF_BACKEND::attention
