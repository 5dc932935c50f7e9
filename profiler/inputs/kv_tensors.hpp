// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "profiler/inputs/dtype.hpp"

namespace kvroof::inputs {

/// Dense inputs of one decode step, row-major. Every element is exactly representable in `dtype`.
struct KvTensors {
  Dtype dtype = Dtype::kF16;
  std::int64_t batch = 0;
  std::int64_t query_heads = 0;  // a multiple of kv_heads; 0 when there are no queries
  std::int64_t kv_heads = 0;
  std::int64_t kv_len = 0;  // tokens
  std::int64_t head_dim = 0;
  std::vector<float> keys;     // [batch, kv_heads, kv_len, head_dim]
  std::vector<float> values;   // [batch, kv_heads, kv_len, head_dim]
  std::vector<float> queries;  // [batch, query_heads, head_dim]
};

}  // namespace kvroof::inputs
