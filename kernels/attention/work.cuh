// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which rows a warp works for (schedule.hpp): lengths lie in device memory, so every warp finds its
// rows itself. A Problem has batch, kv_heads and kv_lengths, and a function unit_count(problem,
// kv_len) beside it: what a row of that length is cut into.

#include "kernels/attention/schedule.hpp"
#include "kernels/attention/warp_state.cuh"
#include "kernels/primitives/warp_scan.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

using kvroof::attention::Deal;

template <class Problem>
KVROOF_DEVICE int load_length(const Problem& problem, int sequence) {
  return as_int(load_global<U32>(problem.kv_lengths + sequence));
}

/// Units of sequence `first_sequence + lane`, all its kv heads together; 0 beyond the batch.
template <class Problem>
KVROOF_DEVICE U32 sequence_units(const Problem& problem, int first_sequence, U32 lane) {
  const bool valid = lane < static_cast<unsigned>(problem.batch - first_sequence);
  const U32 kv_len = load_global_if<U32>(valid, problem.kv_lengths + first_sequence + lane);
  const int units = unit_count(problem, as_int(kv_len)) * problem.kv_heads;
  return select(valid, U32(static_cast<unsigned>(units)), U32(0u));
}

/// How all units of the launch are dealt to its warps.
/// Called by: all 32 lanes, converged.
template <class Problem, class Plan>
KVROOF_DEVICE Deal deal_units(const Problem& problem, const Plan& plan) {
  U32 units = 0u;
  for (int first = 0; first < problem.batch; first += kWarpSize) {
    units = units + warp_sum(sequence_units(problem, first, lane_index()));
  }
  return {static_cast<std::int64_t>(static_cast<std::uint32_t>(units)),
          std::int64_t{plan.blocks} * plan.warps};
}

/// A row and where its units lie in the line of all units.
struct RowSpan {
  Row row;
  int first_unit;
  int end_unit;
};

template <class Problem>
KVROOF_DEVICE RowSpan make_span(const Problem& problem, int sequence, int kv_head, int kv_len,
                                int first_unit) {
  const Row row{sequence * problem.kv_heads + kv_head, sequence, kv_head, kv_len};
  return {row, first_unit, first_unit + unit_count(problem, kv_len)};
}

/// The row that holds `unit`, which is below the total.
/// Called by: all 32 lanes, converged.
template <class Problem>
KVROOF_DEVICE RowSpan find_row(const Problem& problem, int unit) {
  const U32 lane = lane_index();
  int before = 0;  // units of the sequences already passed
  for (int first = 0;; first += kWarpSize) {
    const U32 own = sequence_units(problem, first, lane);
    const U32 inclusive = warp_inclusive_sum(own, lane);
    const U32 reached = ballot(inclusive > static_cast<unsigned>(unit - before));
    if (reached != 0u) {
      const U32 source =
          popcount((reached & (~reached + 1u)) - 1u);  // the lowest lane that reaches the unit
      const int sequence = first + as_int(source);
      const int start = before + as_int(shuffle(inclusive - own, source));
      const int kv_len = load_length(problem, sequence);
      const int row_total = unit_count(problem, kv_len);
      const int kv_head = (unit - start) / row_total;
      return make_span(problem, sequence, kv_head, kv_len, start + kv_head * row_total);
    }
    before += as_int(shuffle(inclusive, kWarpSize - 1));
  }
}

/// The row after `span`'s; there must be one.
template <class Problem>
KVROOF_DEVICE RowSpan next_row(const Problem& problem, const RowSpan& span) {
  if (span.row.kv_head + 1 < problem.kv_heads) {
    return make_span(problem, span.row.sequence, span.row.kv_head + 1, span.row.kv_len,
                     span.end_unit);
  }
  const int sequence = span.row.sequence + 1;
  return make_span(problem, sequence, 0, load_length(problem, sequence), span.end_unit);
}

}  // namespace kvroof::KVROOF_BACKEND::attention
