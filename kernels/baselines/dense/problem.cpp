// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/dense/problem.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/baselines/dense/tile.hpp"
#include "kernels/error.hpp"

namespace kvroof::dense {
namespace {

constexpr std::size_t kVectorBytes = 16;

void require_pointer(const void* pointer, std::size_t alignment, const char* name) {
  require(pointer != nullptr, "dense: {} must not be null", name);
  require(reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0,
          "dense: {} must be aligned to {} bytes, got {}", name, alignment, pointer);
}

void require_shapes(const DenseProblem& p) {
  require(p.batch > 0, "dense: batch must be positive, got {}", p.batch);
  require(p.kv_heads > 0 && p.query_heads > 0 && p.query_heads % p.kv_heads == 0,
          "dense: query_heads ({}) must be a positive multiple of kv_heads ({})", p.query_heads,
          p.kv_heads);
  require(p.group_size() <= kMaxGroup,
          "dense: at most {} query heads may share a kv head, got {} ({} query heads, {} kv heads)",
          kMaxGroup, p.group_size(), p.query_heads, p.kv_heads);
  if (p.head_dim != 64 && p.head_dim != 128 && p.head_dim != 256) reject_instance(p);
  constexpr int limit = 65535;
  require(p.batch <= limit && p.kv_heads <= limit,
          "dense: batch and kv_heads must be at most {}, got {} and {}", limit, p.batch,
          p.kv_heads);
}

void require_lengths(const DenseProblem& p) {
  require(p.max_kv_len >= 0, "dense: max_kv_len must not be negative, got {}", p.max_kv_len);
  require(p.window >= 0, "dense: window must not be negative, got {}", p.window);
  const std::int64_t most_in_window = std::int64_t{p.window} + lane_chunk::kTokens - 1;
  const auto require_full = [&](const char* side, const ReducedRows& reduced, int capacity) {
    const std::int64_t full =
        reduced.channels == 0 ? p.max_kv_len : std::min<std::int64_t>(p.max_kv_len, most_in_window);
    require(capacity >= full, "dense: {} tokens with full {} need as many rows, got {}", full, side,
            capacity);
  };
  require_full("keys", p.reduced_keys, p.key_capacity);
  require_full("values", p.reduced_values, p.value_capacity);
  const int reduced = reduced_tokens(p, p.max_kv_len);
  require(p.reduced_capacity >= reduced, "dense: {} reduced tokens need as many rows, got {}",
          reduced, p.reduced_capacity);
}

void require_reduced(const DenseProblem& p, const ReducedRows& reduced, const char* side) {
  require(reduced.channels >= 0 && reduced.channels <= p.head_dim &&
              reduced.channels % kPieceChannels == 0,
          "dense: reduced {} must have 0 to {} channels, a multiple of {}, got {}", side,
          p.head_dim, kPieceChannels, reduced.channels);
  if (reduced.channels == 0) return;
  require_pointer(reduced.rows, kVectorBytes, "reduced rows");
  require_pointer(reduced.channel_index, sizeof(std::int32_t), "channel_index");
}

}  // namespace

void reject_instance(const DenseProblem& p) {
  fail("dense: head_dim must be 64, 128 or 256 and the value type f16 or bf16, got {} and {}",
       p.head_dim, to_string(p.value_type));
}

void validate(const DenseProblem& p) {
  require_shapes(p);
  require_reduced(p, p.reduced_keys, "keys");
  require_reduced(p, p.reduced_values, "values");
  require_lengths(p);
  require(std::isfinite(p.softmax_scale), "dense: softmax_scale must be a finite number, got {}",
          p.softmax_scale);
  require_pointer(p.queries, kVectorBytes, "queries");
  require_pointer(p.kv_lengths, sizeof(std::int32_t), "kv_lengths");
  if (p.key_capacity > 0) require_pointer(p.keys, kVectorBytes, "keys");
  if (p.value_capacity > 0) require_pointer(p.values, kVectorBytes, "values");
  require_pointer(p.outputs, kVectorBytes, "outputs");
  if (p.log_sum_exps != nullptr) require_pointer(p.log_sum_exps, sizeof(float), "log_sum_exps");
  require_pointer(p.workspace, kVectorBytes, "workspace");
}

}  // namespace kvroof::dense
