// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/cublas/problem.hpp"

#include <cmath>

#include "kernels/error.hpp"

namespace kvroof::cublas {
namespace {

void require_pointer(const void* pointer, std::size_t alignment, const char* name) {
  require(pointer != nullptr, "cublas: {} must not be null", name);
  require(reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0,
          "cublas: {} must be aligned to {} bytes, got {}", name, alignment, pointer);
}

void require_shapes(const Problem& p) {
  require(p.batch > 0, "cublas: batch must be positive, got {}", p.batch);
  require(p.kv_heads > 0 && p.query_heads > 0 && p.query_heads % p.kv_heads == 0,
          "cublas: query_heads ({}) must be a positive multiple of kv_heads ({})", p.query_heads,
          p.kv_heads);
  require(p.head_dim == 64 || p.head_dim == 128 || p.head_dim == 256,
          "cublas: head_dim must be 64, 128 or 256, got {}", p.head_dim);
  require(p.kv_len > 0, "cublas: kv_len must be positive, got {}", p.kv_len);
  require(p.capacity >= p.kv_len, "cublas: {} tokens need as many rows of capacity, got {}",
          p.kv_len, p.capacity);
  constexpr std::int64_t limit = 2147483647;  // of int, which cuBLAS counts batches in
  require(std::int64_t{p.batch} * p.query_heads <= limit,
          "cublas: batch x query_heads must be at most {}, got {} x {}", limit, p.batch,
          p.query_heads);
}

}  // namespace

void validate(const Problem& p) {
  constexpr std::size_t vector_bytes = 16, workspace_alignment = 256;
  require_shapes(p);
  require(std::isfinite(p.softmax_scale), "cublas: softmax_scale must be a finite number, got {}",
          p.softmax_scale);
  require_pointer(p.queries, vector_bytes, "queries");
  require_pointer(p.keys, vector_bytes, "keys");
  require_pointer(p.values, vector_bytes, "values");
  require_pointer(p.outputs, vector_bytes, "outputs");
  if (p.log_sum_exps != nullptr) require_pointer(p.log_sum_exps, sizeof(float), "log_sum_exps");
  require_pointer(p.workspace, workspace_alignment, "workspace");
}

}  // namespace kvroof::cublas
