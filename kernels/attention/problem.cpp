// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/problem.hpp"

#include <cmath>

#include "kernels/attention/tile.hpp"
#include "kernels/error.hpp"
#include "kernels/format/lane_chunk.hpp"

namespace kvroof::attention {
namespace {

static_assert(compressed_tokens(64 + 31, 32) == 0 &&
                  compressed_tokens(64 + 32, 32) == lane_chunk::kTokens,
              "whole chunks leave the window");

void require_pointer(const void* pointer, std::size_t alignment, const char* name) {
  require(pointer != nullptr, "attention: {} must not be null", name);
  require(reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0,
          "attention: {} must be aligned to {} bytes, got {}", name, alignment, pointer);
}

void require_shapes(const DecodeProblem& p) {
  require(p.batch > 0, "attention: batch must be positive, got {}", p.batch);
  require(p.kv_heads > 0 && p.query_heads > 0 && p.query_heads % p.kv_heads == 0,
          "attention: query_heads ({}) must be a positive multiple of kv_heads ({})", p.query_heads,
          p.kv_heads);
  require(
      p.group_size() <= kMaxGroup,
      "attention: at most {} query heads may share a kv head, got {} ({} query heads, {} kv heads)",
      kMaxGroup, p.group_size(), p.query_heads, p.kv_heads);
  if (p.head_dim != 64 && p.head_dim != 128 && p.head_dim != 256) reject_instance(p);
  constexpr int grid_limit = 65535;  // of gridDim.y and .z
  require(p.batch <= grid_limit && p.kv_heads <= grid_limit,
          "attention: batch and kv_heads must be at most {}, got {} and {}", grid_limit, p.batch,
          p.kv_heads);
}

void require_lengths(const DecodeProblem& p) {
  require(p.max_kv_len >= 0, "attention: max_kv_len must not be negative, got {}", p.max_kv_len);
  require(p.window >= 0, "attention: window must not be negative, got {}", p.window);
  const std::int64_t window_rows = std::int64_t{p.window} + lane_chunk::kTokens - 1;
  require(p.window_capacity >= window_rows,
          "attention: window_capacity must be at least window + {} = {} rows, got {}",
          lane_chunk::kTokens - 1, window_rows, p.window_capacity);
  const int chunks = compressed_tokens(p.max_kv_len, p.window) / lane_chunk::kTokens;
  require(p.chunk_capacity >= chunks,
          "attention: {} tokens with a window of {} need room for {} chunks, got {}", p.max_kv_len,
          p.window, chunks, p.chunk_capacity);
}

}  // namespace

void reject_instance(const DecodeProblem& p) {
  fail("attention: head_dim must be 64, 128 or 256 and the value type f16 or bf16, got {} and {}",
       p.head_dim, to_string(p.value_type));
}

void validate(const DecodeProblem& p) {
  constexpr std::size_t vector_bytes = 16;
  require_shapes(p);
  require_lengths(p);
  lane_chunk::require_supported(p.head_dim, p.keys.kept);
  lane_chunk::require_supported(p.head_dim, p.values.kept);
  require(std::isfinite(p.softmax_scale),
          "attention: softmax_scale must be a finite number, got {}", p.softmax_scale);
  require_pointer(p.queries, vector_bytes, "queries");
  require_pointer(p.kv_lengths, sizeof(std::int32_t), "kv_lengths");
  require_pointer(p.window_keys, vector_bytes, "window_keys");
  require_pointer(p.window_values, vector_bytes, "window_values");
  if (p.chunk_capacity > 0) {
    require_pointer(p.keys.chunks, vector_bytes, "key chunks");
    require_pointer(p.values.chunks, vector_bytes, "value chunks");
  }
  for (const CompressedOperand* operand : {&p.keys, &p.values}) {
    if (operand->offsets != nullptr)
      require_pointer(operand->offsets, sizeof(std::uint32_t), "chunk offsets");
  }
  require_pointer(p.outputs, vector_bytes, "outputs");
  if (p.log_sum_exps != nullptr) require_pointer(p.log_sum_exps, sizeof(float), "log_sum_exps");
  require_pointer(p.workspace, vector_bytes, "workspace");
}

}  // namespace kvroof::attention
