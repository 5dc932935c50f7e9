// SPDX-License-Identifier: Apache-2.0
#include "kernels/prune/problem.hpp"

#include "kernels/error.hpp"

namespace kvroof::prune {
namespace {

void require_aligned(const char* what, const void* pointer, std::size_t alignment) {
  require(pointer != nullptr && reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0,
          "prune: {} must be a pointer aligned to {} bytes, got {}", what, alignment, pointer);
}

void validate_shape(const PruneProblem& p) {
  require(p.batch > 0 && p.kv_heads > 0,
          "prune: batch and kv_heads must be positive, got {} and {}", p.batch, p.kv_heads);
  constexpr int grid_limit = 65535;  // of gridDim.y and .z
  require(p.batch <= grid_limit && p.kv_heads <= grid_limit,
          "prune: batch and kv_heads must be at most {}, got {} and {}", grid_limit, p.batch,
          p.kv_heads);
  if (p.head_dim != 64 && p.head_dim != 128 && p.head_dim != 256) reject_instance(p);
  require(applies_to(p.rule, p.operand), "prune: {} is no rule for {}", to_string(p.rule),
          p.operand == Operand::kKeys ? "keys" : "values");
  require(p.kept >= 1 && p.kept <= competing(p),
          "prune: {} keeps 1 to {} of the entries that compete, got {}", to_string(p.rule),
          competing(p), p.kept);
  require(p.max_kv_len >= 0 && p.sinks >= 0 && p.window >= 0,
          "prune: max_kv_len, sinks and window must not be negative, got {}, {} and {}",
          p.max_kv_len, p.sinks, p.window);
  require(p.row_capacity >= p.max_kv_len, "prune: {} tokens need as many rows, there are {}",
          p.max_kv_len, p.row_capacity);
}

void validate_queries(const PruneProblem& p) {
  require(p.query_heads > 0 && p.query_heads % p.kv_heads == 0,
          "prune: {} needs query heads, a multiple of the kv heads ({}), got {}", to_string(p.rule),
          p.kv_heads, p.query_heads);
  require(p.num_queries > 0, "prune: {} needs at least one query per head, got {}",
          to_string(p.rule), p.num_queries);
  require_aligned("queries", p.queries, sizeof(std::uint16_t));
  require_aligned("workspace", p.workspace, sizeof(double));
}

}  // namespace

int competing(const PruneProblem& p) {
  if (group_tokens(p.rule) > 0) return group_tokens(p.rule);
  return group_channels(p.rule) > 0 ? group_channels(p.rule) : p.head_dim;
}

bool needs_queries(const PruneProblem& p) {
  return p.rule == Rule::kPerTokenOutputAware ||
         (p.rule == Rule::kThink && p.operand == Operand::kKeys);
}

std::int64_t workspace_bytes(const PruneProblem& p) {
  if (!needs_queries(p)) return 0;
  return std::int64_t{p.batch} * p.kv_heads * p.head_dim *
         static_cast<std::int64_t>(sizeof(double));
}

void reject_instance(const PruneProblem& p) {
  fail("prune: head_dim must be 64, 128 or 256 and the value type f16 or bf16, got {} and {}",
       p.head_dim, to_string(p.value_type));
}

void validate(const PruneProblem& p) {
  validate_shape(p);
  require_aligned("kv_lengths", p.kv_lengths, sizeof(std::int32_t));
  if (p.row_capacity > 0) {
    require_aligned("rows", p.rows, sizeof(std::uint16_t));
    require_aligned("masks", p.masks, sizeof(std::uint64_t));
  }
  if (needs_queries(p)) validate_queries(p);
  if (p.rule == Rule::kPerChannelOutputAware && p.row_capacity > 0)
    require_aligned("weights", p.weights, sizeof(float));
}

}  // namespace kvroof::prune
