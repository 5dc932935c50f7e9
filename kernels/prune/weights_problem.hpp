// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/value_types.hpp"

namespace kvroof::prune {

/// What output-aware values are ranked by (PruneProblem::weights): the attention weights that a
/// window of queries gives to each token, summed over the queries and over the query heads of the
/// group,
///
///   weights[b, h, t] = sum_q softmax(softmax_scale q . K[b, h]^T)[t]
///
/// over all kv_len tokens: every query sees all of them. In binary64, rounded once at the end. A
/// query that gives some token a score of +inf or NaN makes every weight of its kv head NaN.
struct WeightsProblem {
  int batch = 0;
  int query_heads = 0;
  int kv_heads = 0;  // divides query_heads
  int head_dim = 0;  // 64, 128 or 256
  ValueType value_type = ValueType::kF16;
  double softmax_scale = 0.0;  // usually 1 / sqrt(head_dim)

  const void* queries =
      nullptr;  // [batch, query_heads, num_queries, head_dim] of value_type, device
  int num_queries = 0;
  const void* keys = nullptr;  // [batch, kv_heads, row_capacity, head_dim] of value_type, device;
                               // both 16-byte aligned
  int row_capacity = 0;
  const std::int32_t* kv_lengths = nullptr;  // [batch], device; 0 .. max_kv_len
  int max_kv_len = 0;                        // host-side bound of kv_lengths; sizes the grid
  void* workspace = nullptr;                 // workspace_bytes(problem), device, 16-byte aligned
  float* weights = nullptr;  // [batch, kv_heads, row_capacity], device, written; tokens from a
                             // sequence's length on are left alone

  constexpr int head_queries() const { return query_heads / kv_heads * num_queries; }
};

/// Bytes of WeightsProblem::workspace: a maximum and a sum per query.
std::int64_t workspace_bytes(const WeightsProblem& problem);

/// Throws std::invalid_argument with a sentence unless the problem can be launched.
void validate(const WeightsProblem& problem);

/// Throws std::invalid_argument: there is no kernel for the head_dim and value type of `problem`.
[[noreturn]] void reject_instance(const WeightsProblem& problem);

}  // namespace kvroof::prune
