// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/attention/problem.hpp"
#include "kernels/format/mustafar_tile.hpp"
#include "kernels/value_types.hpp"

namespace kvroof::mustafar {

/// K or V of every sequence and kv head in compressed tiles (format/mustafar_tile.hpp), device.
struct TileOperand {
  const std::uint64_t* bitmaps = nullptr;  // [batch, kv_heads, tile_capacity]
  const std::int32_t* offsets = nullptr;   // [batch, kv_heads, tile_capacity + 1], units of 4 bytes
  const std::uint16_t* values = nullptr;   // of all heads, 16-byte aligned
  const std::int32_t* head_offsets = nullptr;  // [batch, kv_heads] into `values`, units of 16 bytes
};

/// One decode step over a cache of compressed tiles and a dense window; what a DecodeProblem is for
/// lane chunks (attention/problem.hpp, whose ring, lengths and results are meant here too).
struct Problem {
  int batch = 0;
  int query_heads = 0;
  int kv_heads = 0;  // divides query_heads
  int head_dim = 0;  // 64, 128 or 256
  ValueType value_type = ValueType::kF16;
  float softmax_scale = 0.0f;

  const void* queries = nullptr;             // [batch, query_heads, head_dim] of value_type, device
  const std::int32_t* kv_lengths = nullptr;  // [batch], device; 0 .. max_kv_len
  int max_kv_len = 0;

  TileOperand keys;
  TileOperand values;
  int tile_capacity = 0;  // tiles that fit per sequence and kv head

  const void* window_keys = nullptr;    // [batch, kv_heads, window_capacity, head_dim], a ring
  const void* window_values = nullptr;  // the same shape
  int window = 0;
  int window_capacity = 0;  // rows of the ring, at least window + 63

  void* outputs = nullptr;        // [batch, query_heads, head_dim] of value_type, device
  float* log_sum_exps = nullptr;  // [batch, query_heads] natural logarithm, device; may be null
  void* workspace = nullptr;      // workspace_bytes(problem), device, 16-byte aligned

  constexpr int group_size() const { return query_heads / kv_heads; }
  constexpr int compressed_tokens(int kv_len) const {
    return attention::compressed_tokens(kv_len, window);
  }
};

/// What the three kernels hand on: scores, then weights, of every token and query head.
struct Workspace {
  constexpr explicit Workspace(const Problem& problem)
      : heads(std::int64_t{problem.batch} * problem.query_heads),
        stride((std::int64_t{problem.max_kv_len} + kTile - 1) / kTile * kTile) {}

  std::int64_t heads;
  std::int64_t stride;  // tokens of a head, whole tiles

  constexpr std::int64_t bytes() const { return heads * stride * (4 + 2) + heads * 4; }
  constexpr float* scores(void* workspace) const {  // [batch, query_heads, stride]
    return static_cast<float*>(workspace);
  }
  constexpr std::uint16_t* weights(void* workspace) const {  // the same shape, of value_type
    return static_cast<std::uint16_t*>(static_cast<void*>(scores(workspace) + heads * stride));
  }
  constexpr float* sums(void* workspace) const {  // [batch, query_heads]
    return static_cast<float*>(static_cast<void*>(weights(workspace) + heads * stride));
  }
};

/// Bytes of Problem::workspace.
constexpr std::int64_t workspace_bytes(const Problem& problem) {
  return Workspace(problem).bytes();
}

/// Throws std::invalid_argument with a sentence unless the problem can be launched.
void validate(const Problem& problem);

}  // namespace kvroof::mustafar
