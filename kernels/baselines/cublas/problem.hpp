// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/value_types.hpp"

namespace kvroof::cublas {

/// One decode step of attention over an unpruned cache as batched matrix products; what a
/// DenseProblem is for the split-KV kernel (baselines/dense/problem.hpp). A batched product has one
/// length, so every sequence has kv_len tokens.
struct Problem {
  int batch = 0;
  int query_heads = 0;
  int kv_heads = 0;  // divides query_heads
  int head_dim = 0;  // a multiple of 8
  ValueType value_type = ValueType::kF16;
  float softmax_scale = 0.0f;

  const void* queries = nullptr;  // [batch, query_heads, head_dim] of value_type, device
  int kv_len = 0;                 // at least 1
  const void* keys = nullptr;     // [batch, kv_heads, capacity, head_dim] of value_type, device
  const void* values = nullptr;   // the same shape
  int capacity = 0;               // rows, at least kv_len

  void* outputs = nullptr;        // [batch, query_heads, head_dim] of value_type, device
  float* log_sum_exps = nullptr;  // [batch, query_heads] natural logarithm, device; may be null
  void* workspace = nullptr;      // workspace_bytes(problem), device, 256-byte aligned

  constexpr int group_size() const { return query_heads / kv_heads; }
};

/// What the three launches hand on, and the memory in which cuBLAS splits a product.
struct Workspace {
  static constexpr std::int64_t kLibraryBytes = std::int64_t{32} << 20;  // as NVIDIA advises
  static constexpr int kStrideMultiple = 128;

  constexpr explicit Workspace(const Problem& problem)
      : heads(std::int64_t{problem.batch} * problem.query_heads),
        stride((std::int64_t{problem.kv_len} + kStrideMultiple - 1) / kStrideMultiple *
               kStrideMultiple) {}

  std::int64_t heads;
  std::int64_t stride;  // tokens of a head, padded so that every part stays aligned

  constexpr std::int64_t bytes() const { return heads * stride * (4 + 2) + kLibraryBytes; }
  constexpr float* scores(void* workspace) const {  // [batch, query_heads, stride]
    return static_cast<float*>(workspace);
  }
  constexpr std::uint16_t* weights(void* workspace) const {  // the same shape, of value_type
    return static_cast<std::uint16_t*>(static_cast<void*>(scores(workspace) + heads * stride));
  }
  constexpr void* library(void* workspace) const { return weights(workspace) + heads * stride; }
};

/// Bytes of Problem::workspace.
constexpr std::int64_t workspace_bytes(const Problem& problem) {
  return Workspace(problem).bytes();
}

/// Throws std::invalid_argument with a sentence unless the problem can be launched.
void validate(const Problem& problem);

}  // namespace kvroof::cublas
