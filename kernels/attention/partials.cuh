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
  const std::int64_t slot = layout.index(worker, row, 0);
  float* outputs = layout.outputs(workspace) + slot * HeadDim;
  float* log_sums = layout.log_sums(workspace) + slot;
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

/// Merges what the warps of the block shared into one partial result, in the slot of the block's
/// first worker. Called by: all threads of the block; nobody writes shared memory.
template <class Tile>
KVROOF_DEVICE void store_block_partial(void* workspace, int warps, const PartialLayout& layout,
                                       int row, const std::byte* shared, std::int64_t warp_bytes) {
  using MergeShared = typename Tile::MergeShared;
  constexpr int lane_channels = Tile::kHeadDim / kWarpSize;
  const auto of_warp = [&](int warp) -> const MergeShared& {
    return *reinterpret_cast<const MergeShared*>(shared + warp * warp_bytes);
  };
  const std::int64_t slot = layout.index(std::int64_t{block_index_x()} * warps, row, 0);
  for (int head = warp_index(); head < layout.group; head += warps) {
    F32 maximum = kMinusInfinity;
    for (int warp = 0; warp < warps; ++warp) {
      maximum = max_f32(maximum, load_shared<F32>(&of_warp(warp).maxima[head]));
    }
    F32 sum = 0.0f;
    F32 outputs[lane_channels] = {};
    for (int warp = 0; warp < warps; ++warp) {
      const F32 weight = merge_weight(load_shared<F32>(&of_warp(warp).maxima[head]), maximum);
      sum = fused_multiply_add(weight, load_shared<F32>(&of_warp(warp).sums[head]), sum);
      KVROOF_UNROLL
      for (int i = 0; i < lane_channels; ++i) {
        const F32 part =
            load_shared<F32>(&of_warp(warp).outputs[head][i * kWarpSize] + lane_index());
        outputs[i] = fused_multiply_add(weight, part, outputs[i]);
      }
    }
    const F32 scale = normaliser(sum);
    KVROOF_UNROLL
    for (int i = 0; i < lane_channels; ++i) {
      store_global<F32>(
          layout.outputs(workspace) + (slot + head) * Tile::kHeadDim + i * kWarpSize + lane_index(),
          outputs[i] * scale);
    }
    store_global_if<F32>(lane_index() == 0u, layout.log_sums(workspace) + slot + head,
                         log_sum(maximum, sum));
  }
}

// ---- finishing a row ----

/// Which workers left a partial result of a row. Those that may have are numbered: all of the row's
/// first block, one of every block in between, all of the last block.
struct RowWorkers {
  Deal deal;
  int warps;  // per block
  int first_unit, end_unit;

  /// Whether the whole stretch of `worker`'s block lies in the row, so that the block merged.
  KVROOF_DEVICE bool block_merged(int worker) const {
    const std::int64_t block_first = worker / warps * warps;
    return deal.first(block_first) >= first_unit && deal.first(block_first + warps) <= end_unit;
  }
  /// Whether [first, end) has a unit and it lies in the row.
  KVROOF_DEVICE bool meets_row(int first, int end) const {
    return first < end && first < end_unit && end > first_unit;
  }
  KVROOF_DEVICE bool left_result(int worker) const {
    if (block_merged(worker)) {
      return worker % warps == 0 && meets_row(deal.first(worker), deal.first(worker + warps));
    }
    return meets_row(deal.first(worker), deal.first(worker + 1));
  }

  KVROOF_DEVICE int first_block() const { return deal.owner(first_unit) / warps; }
  KVROOF_DEVICE int last_block() const { return deal.owner(end_unit - 1) / warps; }
  KVROOF_DEVICE int candidates() const {
    const int more_blocks = last_block() - first_block();
    return more_blocks == 0 ? warps : 2 * warps + more_blocks - 1;
  }
  KVROOF_DEVICE int candidate(int number) const {
    const int between = last_block() - first_block() - 1;
    if (number < warps) return first_block() * warps + number;
    if (number < warps + between) return (first_block() + 1 + number - warps) * warps;
    return last_block() * warps + number - warps - between;
  }
};

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
                              const RowWorkers& workers, int row, int head) {
  constexpr int lane_channels = HeadDim / kWarpSize;
  constexpr int batch = 8;  // partial results whose loads are under way together
  const U32 lane = lane_index();
  const int candidates = workers.candidates();
  struct Own {
    int worker;
    bool left_result;
  };
  const auto own_candidate = [&](int base) {
    const int worker = workers.candidate(base + as_int(lane));
    return Own{worker, base + as_int(lane) < candidates && workers.left_result(worker)};
  };
  const auto load_log_sum = [&](const Own& own) {
    const F32 value = load_global_coherent_if<F32>(
        own.left_result, layout.log_sums(problem.workspace) + layout.index(own.worker, row, head));
    return select(own.left_result, value, F32(kMinusInfinity));
  };

  F32 maximum = kMinusInfinity;
  for (int base = 0; base < candidates; base += kWarpSize)
    maximum = max_f32(maximum, load_log_sum(own_candidate(base)));
  KVROOF_UNROLL
  for (int distance = 16; distance > 0; distance /= 2)
    maximum = max_f32(maximum, shuffle_xor(maximum, distance));

  F32 sum = 0.0f;
  F32 outputs[lane_channels] = {};
  for (int base = 0; base < candidates; base += kWarpSize) {
    const Own own = own_candidate(base);
    const F32 weights = merge_weight(load_log_sum(own), maximum);
    // A part that weighs nothing is read all the same: a NaN in its values must show.
    U32 parts = ballot(own.left_result);
    KVROOF_NO_UNROLL
    while (parts != 0u) {
      const int count = as_int(popcount(parts));
      F32 weight[batch];
      F32 part[batch][lane_channels];
      KVROOF_UNROLL
      for (int i = 0; i < batch; ++i) {
        const U32 source = popcount((parts & (~parts + 1u)) - 1u) & 31u;  // the lowest lane
        parts = parts & (parts - 1u);
        weight[i] = shuffle(weights, source);
        const int worker = as_int(shuffle(U32(static_cast<unsigned>(own.worker)), source));
        load_outputs(i < count,
                     layout.outputs(problem.workspace) + layout.index(worker, row, head) * HeadDim +
                         lane * lane_channels,
                     part[i]);
      }
      KVROOF_UNROLL
      for (int i = 0; i < batch; ++i) {
        if (i >= count) break;
        sum = sum + weight[i];
        KVROOF_UNROLL
        for (int c = 0; c < lane_channels; ++c)
          outputs[c] = fused_multiply_add(weight[i], part[i][c], outputs[c]);
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

/// Counts the block in for one query head of a row. True in the whole warp if it was the last of
/// `blocks`; the counter is then 0 again. Called by: all 32 lanes, converged, after the block has
/// synchronised behind its partial results.
KVROOF_DEVICE bool last_to_finish(std::uint32_t* counter, int blocks) {
  U32 before = 0u;
  if (lane_index() == 0u) {
    thread_fence();
    before = atomic_add_global(counter, 1u);
    thread_fence();
  }
  const bool last = shuffle(before, U32(0u)) == static_cast<unsigned>(blocks - 1);
  store_global_if<U32>(last && lane_index() == 0u, counter, U32(0u));
  return last;
}

/// For every row in the block's stretch: if the block is the last to finish it, merges it. The
/// warps share the heads of all these rows. Called by: all threads of the block.
template <class Value, int HeadDim, class Problem>
KVROOF_DEVICE void finish_rows(const Problem& problem, int warps, const PartialLayout& layout,
                               const Deal& deal, RowSpan span, int end_unit) {
  int task = 0;
  for (;;) {
    const RowWorkers workers{deal, warps, span.first_unit, span.end_unit};
    const int blocks = blocks_with_units(deal, warps, span.first_unit, span.end_unit);
    for (int head = 0; head < layout.group; ++head, ++task) {
      if (task % warps != warp_index()) continue;
      std::uint32_t* counter =
          layout.counters(problem.workspace) + std::int64_t{span.row.index} * layout.group + head;
      if (blocks == 1 || last_to_finish(counter, blocks)) {
        merge_head<Value, HeadDim>(problem, layout, workers, span.row.index, head);
      }
    }
    if (span.end_unit >= end_unit) break;
    span = next_row(problem, span);
  }
}

}  // namespace kvroof::KVROOF_BACKEND::attention
