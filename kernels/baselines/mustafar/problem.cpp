// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/mustafar/problem.hpp"

#include <cmath>

#include "kernels/error.hpp"

namespace kvroof::mustafar {
namespace {

void require_pointer(const void* pointer, std::size_t alignment, const char* name) {
  require(pointer != nullptr, "mustafar: {} must not be null", name);
  require(reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0,
          "mustafar: {} must be aligned to {} bytes, got {}", name, alignment, pointer);
}

void require_shapes(const Problem& p) {
  constexpr int grid_limit = 65535;  // of gridDim.y and .z
  require(p.batch > 0 && p.batch <= grid_limit, "mustafar: batch must be 1 to {}, got {}",
          grid_limit, p.batch);
  require(p.kv_heads > 0 && p.query_heads > 0 && p.query_heads % p.kv_heads == 0 &&
              p.query_heads <= grid_limit,
          "mustafar: query_heads ({}) must be a positive multiple of kv_heads ({}), at most {}",
          p.query_heads, p.kv_heads, grid_limit);
  require(p.head_dim == 64 || p.head_dim == 128 || p.head_dim == 256,
          "mustafar: head_dim must be 64, 128 or 256, got {}", p.head_dim);
}

void require_lengths(const Problem& p) {
  require(p.max_kv_len >= 0, "mustafar: max_kv_len must not be negative, got {}", p.max_kv_len);
  require(p.window >= 0, "mustafar: window must not be negative, got {}", p.window);
  const std::int64_t window_rows = std::int64_t{p.window} + kTile - 1;
  require(p.window_capacity >= window_rows,
          "mustafar: window_capacity must be at least window + {} = {} rows, got {}", kTile - 1,
          window_rows, p.window_capacity);
  const std::int64_t needed = tiles(p.compressed_tokens(p.max_kv_len), p.head_dim);
  require(p.tile_capacity >= needed,
          "mustafar: {} tokens with a window of {} need room for {} tiles, got {}", p.max_kv_len,
          p.window, needed, p.tile_capacity);
}

void require_operand(const TileOperand& operand, const char* name) {
  require_pointer(operand.bitmaps, sizeof(std::uint64_t), name);
  require_pointer(operand.offsets, sizeof(std::int32_t), name);
  require_pointer(operand.values, kHeadOffsetBytes, name);
  require_pointer(operand.head_offsets, sizeof(std::int32_t), name);
}

}  // namespace

void validate(const Problem& p) {
  constexpr std::size_t vector_bytes = 16;
  require_shapes(p);
  require_lengths(p);
  require(std::isfinite(p.softmax_scale), "mustafar: softmax_scale must be a finite number, got {}",
          p.softmax_scale);
  require_pointer(p.queries, vector_bytes, "queries");
  require_pointer(p.kv_lengths, sizeof(std::int32_t), "kv_lengths");
  if (p.tile_capacity > 0) {
    require_operand(p.keys, "key tiles");
    require_operand(p.values, "value tiles");
  }
  require_pointer(p.window_keys, vector_bytes, "window_keys");
  require_pointer(p.window_values, vector_bytes, "window_values");
  require_pointer(p.outputs, vector_bytes, "outputs");
  if (p.log_sum_exps != nullptr) require_pointer(p.log_sum_exps, sizeof(float), "log_sum_exps");
  require_pointer(p.workspace, vector_bytes, "workspace");
}

}  // namespace kvroof::mustafar
