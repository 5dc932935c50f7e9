// SPDX-License-Identifier: Apache-2.0
#include "kernels/prune/weights_problem.hpp"

#include <cmath>

#include "kernels/error.hpp"

namespace kvroof::prune {
namespace {

void require_aligned(const char* what, const void* pointer, std::size_t alignment) {
  require(pointer != nullptr && reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0,
          "attention weights: {} must be a pointer aligned to {} bytes, got {}", what, alignment,
          pointer);
}

}  // namespace

std::int64_t workspace_bytes(const WeightsProblem& p) {
  constexpr std::int64_t query_bytes = 2 * sizeof(double);
  return std::int64_t{p.batch} * p.query_heads * p.num_queries * query_bytes;
}

void reject_instance(const WeightsProblem& p) {
  fail(
      "attention weights: head_dim must be 64, 128 or 256 and the value type f16 or bf16, got {} "
      "and {}",
      p.head_dim, to_string(p.value_type));
}

void validate(const WeightsProblem& p) {
  constexpr int grid_limit = 65535;  // of gridDim.y and .z
  require(p.batch > 0 && p.batch <= grid_limit, "attention weights: batch must be 1 to {}, got {}",
          grid_limit, p.batch);
  require(p.kv_heads > 0 && p.query_heads > 0 && p.query_heads % p.kv_heads == 0,
          "attention weights: query_heads ({}) must be a positive multiple of kv_heads ({})",
          p.query_heads, p.kv_heads);
  require(p.kv_heads <= grid_limit, "attention weights: kv_heads must be at most {}, got {}",
          grid_limit, p.kv_heads);
  if (p.head_dim != 64 && p.head_dim != 128 && p.head_dim != 256) reject_instance(p);
  constexpr int most_queries = 65535;  // far above any window, and their product is an int
  require(
      p.num_queries > 0 && std::int64_t{p.query_heads / p.kv_heads} * p.num_queries <= most_queries,
      "attention weights: a kv head needs 1 to {} queries, got {} of {} query heads", most_queries,
      p.num_queries, p.query_heads / p.kv_heads);
  require(p.max_kv_len >= 0, "attention weights: max_kv_len must not be negative, got {}",
          p.max_kv_len);
  require(p.row_capacity >= p.max_kv_len,
          "attention weights: {} tokens need as many rows, there are {}", p.max_kv_len,
          p.row_capacity);
  require(std::isfinite(p.softmax_scale),
          "attention weights: softmax_scale must be a finite number, got {}", p.softmax_scale);
  constexpr std::size_t vector_bytes = 16;
  require_aligned("queries", p.queries, vector_bytes);
  require_aligned("kv_lengths", p.kv_lengths, sizeof(std::int32_t));
  require_aligned("workspace", p.workspace, vector_bytes);
  if (p.row_capacity == 0) return;
  require_aligned("keys", p.keys, vector_bytes);
  require_aligned("weights", p.weights, sizeof(float));
}

}  // namespace kvroof::prune
