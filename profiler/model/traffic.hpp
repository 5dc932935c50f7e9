// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "kernels/attention/plan.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/compress/problem.hpp"
#include "kernels/format/lane_chunk.hpp"

namespace kvroof::model {

/// Bytes and operations of one decode step in the lane-chunk format, exact, from shapes alone. A
/// multiply-add counts as two operations; softmax counts as none.
struct DecodeTraffic {
  lane_chunk::Bytes keys, values;  // compressed prefix, all sequences and kv heads
  std::int64_t window = 0;         // dense keys and values of the window
  std::int64_t queries = 0;
  std::int64_t lengths = 0;
  std::int64_t outputs = 0;
  std::int64_t log_sums = 0;
  std::int64_t dense = 0;     // keys and values of the whole cache, had they stayed dense
  double useful_flops = 0.0;  // on surviving entries and the window
  double dense_flops = 0.0;   // of dense attention over the same cache

  /// What the kernel reads from a cold memory, each byte once: chunks as they are stored, window,
  /// queries, lengths.
  std::int64_t read_bytes() const {
    return keys.total() + values.total() + window + queries + lengths;
  }
  std::int64_t written_bytes() const { return outputs + log_sums; }
  /// What no format of this kind can avoid moving: survivors, bitmaps, window, queries and outputs.
  /// The floor that benchmarks divide by.
  std::int64_t floor_bytes() const {
    return keys.values + keys.bitmaps + values.values + values.bitmaps + window + queries + outputs;
  }
  /// What dense attention moves: keys, values, queries, outputs.
  std::int64_t dense_step_bytes() const { return dense + queries + outputs; }
};

/// `kv_lengths` [batch], host. Only the shapes of `problem` are read; its pointers may be null,
/// except that log_sum_exps says whether they are written. Throws std::invalid_argument when a
/// shape makes no sense.
DecodeTraffic decode_traffic(const attention::DecodeProblem& problem,
                             std::span<const std::int32_t> kv_lengths);

/// Bytes of one prune-and-pack launch.
struct PackTraffic {
  std::int64_t rows = 0;      // tokens x kv heads packed
  std::int64_t read = 0;      // dense rows
  lane_chunk::Bytes written;  // chunks
};
PackTraffic pack_traffic(const compress::PackProblem& problem,
                         std::span<const std::int32_t> kv_lengths);

}  // namespace kvroof::model
