// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/format/lane_chunk.hpp"
#include "kernels/value_types.hpp"

namespace kvroof::dense {

/// Keys or values of older tokens with fewer channels: every row of a kv head holds the same subset
/// of its channels, those of ThinK (arXiv 2407.21018, section 3.2).
struct ReducedRows {
  const void* rows =
      nullptr;  // [batch, kv_heads, reduced_capacity, channels] of value_type, device
  /// [batch, kv_heads, channels], device: which channel of the head each column of `rows` is, each
  /// at most once. -1: none; the column counts as 0 if it is finite.
  const std::int32_t* channel_index = nullptr;
  int channels = 0;  // a multiple of 8, at most head_dim; 0: every row is full
};

/// One decode step of attention over an unpruned cache: one query token per sequence, grouped-query
/// heads.
///
///   output[b, h] = softmax(softmax_scale * q[b, h] . K[b, h / group]^T) V[b, h / group]
///
/// Token p of a sequence lies in row p % key_capacity of the full keys and in row p %
/// value_capacity of the full values. With reduced rows on either side, the tokens that have left
/// the window, 64 at a time (lane_chunk::compressed_tokens()), are read from row p of the reduced
/// keys, of the reduced values, or of both. A sequence without tokens gives output 0 and
/// log-sum-exp -inf. NaN in a row of the cache reaches the outputs of that sequence and kv head and
/// no other.
struct DenseProblem {
  int batch = 0;
  int query_heads = 0;
  int kv_heads = 0;  // divides query_heads
  int head_dim = 0;
  ValueType value_type = ValueType::kF16;
  float softmax_scale = 0.0f;  // usually 1 / sqrt(head_dim)

  const void* queries = nullptr;             // [batch, query_heads, head_dim] of value_type, device
  const std::int32_t* kv_lengths = nullptr;  // [batch], device; 0 .. max_kv_len
  int max_kv_len = 0;                        // host-side bound of kv_lengths; sizes the grid

  const void* keys = nullptr;  // [batch, kv_heads, key_capacity, head_dim] of value_type, device
  const void* values =
      nullptr;             // [batch, kv_heads, value_capacity, head_dim] of value_type, device
  int key_capacity = 0;    // rows, at least the tokens that are read from the full keys:
  int value_capacity = 0;  // max_kv_len, or window + 63 beside reduced rows
  ReducedRows reduced_keys{}, reduced_values{};
  int reduced_capacity = 0;  // rows of either
  int window = 0;            // most recent tokens that are full whatever is reduced

  void* outputs = nullptr;        // [batch, query_heads, head_dim] of value_type, device
  float* log_sum_exps = nullptr;  // [batch, query_heads] natural logarithm, device; may be null
  void* workspace = nullptr;  // workspace_bytes(problem, plan), device, 16-byte aligned; all zero
                              // before the first launch, kept so

  constexpr int group_size() const { return query_heads / kv_heads; }
};

/// Tokens that are read with reduced channels on some side when kv_len are cached.
constexpr int reduced_tokens(const DenseProblem& problem, int kv_len) {
  const bool reduces = problem.reduced_keys.channels + problem.reduced_values.channels > 0;
  return reduces ? lane_chunk::compressed_tokens(kv_len, problem.window) : 0;
}

inline constexpr int kUnitTokens = 16;  // that are dealt out together: one tile of the mma

/// What a row of kv_len tokens is cut into: the tokens with reduced rows, then the others, 16 at a
/// time. A row without tokens is one unit, because somebody has to write its output.
struct RowUnits {
  int reduced;
  int full;
  constexpr int total() const { return reduced + full; }
};
constexpr RowUnits row_units(const DenseProblem& problem, int kv_len) {
  const int reduced = reduced_tokens(problem, kv_len);
  const RowUnits units{(reduced + kUnitTokens - 1) / kUnitTokens,
                       (kv_len - reduced + kUnitTokens - 1) / kUnitTokens};
  return units.total() > 0 ? units : RowUnits{0, 1};
}
constexpr int unit_count(const DenseProblem& problem, int kv_len) {
  return row_units(problem, kv_len).total();
}

/// Throws std::invalid_argument with a sentence unless the problem can be launched: shapes,
/// pointers, alignment, capacities, head_dim and group size with an instance.
void validate(const DenseProblem& problem);

/// Throws std::invalid_argument: there is no kernel for the head_dim and value type of `problem`.
[[noreturn]] void reject_instance(const DenseProblem& problem);

}  // namespace kvroof::dense
