// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/value_types.hpp"

namespace kvroof::cache {

/// The part of a cache that the kernels here write: lengths and dense rows.
struct DenseWindow {
  int batch = 0;
  int kv_heads = 0;
  int head_dim = 0;      // 64, 128 or 256
  int max_kv_len = 0;    // what a sequence may grow to
  int window = 0;        // most recent tokens that always stay dense
  int row_capacity = 0;  // rows of a ring, at least window + 64
  void* keys = nullptr;  // [batch, kv_heads, row_capacity, head_dim] 16-bit, device; token p in row
                         // p % row_capacity
  void* values = nullptr;              // the same shape
  std::int32_t* kv_lengths = nullptr;  // [batch], device
};

/// One more token for every sequence: its rows enter the ring and the sequence's length grows by 1.
/// A sequence that has max_kv_len tokens is left as it is.
struct AppendProblem {
  DenseWindow to;
  const void* keys = nullptr;    // [batch, kv_heads, head_dim], device, 16-byte aligned
  const void* values = nullptr;  // the same shape
};

/// A prompt whose whole chunks are packed already: what stays dense enters the ring, and the
/// lengths become those of the prompt.
struct AdoptProblem {
  DenseWindow to;
  const void* keys = nullptr;  // [batch, kv_heads, prompt_rows, head_dim], device, 16-byte aligned
  const void* values = nullptr;  // the same shape
  int prompt_rows = 0;
  const std::int32_t* lengths = nullptr;  // [batch], device; 0 .. prompt_rows, at most max_kv_len
};

}  // namespace kvroof::cache
