// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/format/lane_chunk.hpp"
#include "kernels/value_types.hpp"

namespace kvroof::attention {

/// The compressed prefix of a KV cache: K or V of every sequence and kv head, in chunks of 64
/// tokens (format/lane_chunk.hpp).
struct CompressedOperand {
  const std::byte* chunks =
      nullptr;   // [batch, kv_heads, chunk_capacity, chunk_bytes(head_dim, kept)], device
  int kept = 0;  // elements kept per row, 1 .. head_dim
  /// Rows of any length (format/variable_rows.hpp): [batch, kv_heads, chunk_capacity + 1], device,
  /// where each chunk begins behind `chunks`. `kept` is then only what buffers are sized by, the
  /// mean at best: chunks may be longer. Null: constant stride.
  const std::uint32_t* offsets = nullptr;
};

/// One decode step of attention over a pruned cache: one query token per sequence, grouped-query
/// heads.
///
/// A sequence of kv_len tokens has compressed_tokens(kv_len, window) tokens in chunks and the rest,
/// the most recent ones, dense. The dense ones lie in a ring per sequence and kv head: token p in
/// row p % window_capacity.
///
///   output[b, h] = softmax(softmax_scale * q[b, h] . K[b, h / group]^T) V[b, h / group]
///
/// A sequence without tokens gives output 0 and log-sum-exp -inf. NaN in a row of the cache reaches
/// the outputs of that sequence and kv head and no other.
struct DecodeProblem {
  int batch = 0;
  int query_heads = 0;
  int kv_heads = 0;  // divides query_heads
  int head_dim = 0;
  ValueType value_type = ValueType::kF16;
  float softmax_scale = 0.0f;  // usually 1 / sqrt(head_dim)

  const void* queries =
      nullptr;  // [batch, query_heads, head_dim] of value_type, device, 16-byte aligned
  const std::int32_t* kv_lengths = nullptr;  // [batch], device; 0 .. max_kv_len
  int max_kv_len = 0;                        // host-side bound of kv_lengths; sizes the grid

  CompressedOperand keys;
  CompressedOperand values;
  int chunk_capacity = 0;  // chunks that fit per sequence and kv head

  const void* window_keys =
      nullptr;  // [batch, kv_heads, window_capacity, head_dim] of value_type, device
  const void* window_values = nullptr;  // the same shape
  int window = 0;                       // most recent tokens that always stay dense
  int window_capacity = 0;              // rows of the ring, at least window + 63

  void* outputs = nullptr;        // [batch, query_heads, head_dim] of value_type, device
  float* log_sum_exps = nullptr;  // [batch, query_heads] natural logarithm, device; may be null
  void* workspace = nullptr;  // workspace_bytes(problem, plan), device, 16-byte aligned; all zero
                              // before the first launch, kept so

  constexpr int group_size() const { return query_heads / kv_heads; }
};

using lane_chunk::compressed_tokens;

/// Throws std::invalid_argument with a sentence unless the problem can be launched: shapes,
/// pointers, alignment, kept counts, capacities, head_dim and group size with an instance.
void validate(const DecodeProblem& problem);

/// Throws std::invalid_argument: there is no kernel for the head_dim and value type of `problem`.
[[noreturn]] void reject_instance(const DecodeProblem& problem);

}  // namespace kvroof::attention
