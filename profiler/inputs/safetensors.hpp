// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "profiler/inputs/error.hpp"
#include "profiler/inputs/kv_tensors.hpp"

namespace kvroof::inputs {

/// Reads a cache from a safetensors file (github.com/huggingface/safetensors: 8 bytes little-endian
/// header length, JSON header, data). Tensors of F16, BF16 or F32:
///   keys, values  [batch, kv_heads, kv_len, head_dim]
///   queries       [batch, query_heads, q_len, head_dim], optional; the last of q_len is used
/// Other tensors are skipped. Without `queries` the result has query_heads 0: see add_queries().
///
/// Elements are rounded to `dtype`, to nearest even. NaN and infinity pass; a finite element beyond
/// the range of `dtype` is an error, since it would silently become infinite. Every length, offset
/// and shape is checked against the file's size before memory is asked for. Throws InputError,
/// naming file and field, for a file that cannot be read or does not hold such a cache.
KvTensors read_safetensors(const std::filesystem::path& path, Dtype dtype);

/// Queries of consecutive tokens, the oldest first: [batch, query_heads, q_len, head_dim].
struct QueryTensor {
  std::int64_t q_len = 0;  // 0: the file has none
  std::vector<float> elements;
};

/// All queries of a file that read_safetensors() accepts, rounded likewise.
QueryTensor read_queries(const std::filesystem::path& path, Dtype dtype);

/// Writes keys, values and, if there are any, queries (as q_len 1) in `tensors.dtype`, to be read
/// back bit for bit (but for the payload of NaNs). Throws InputError when a size disagrees with the
/// shape or the file cannot be written.
void write_safetensors(const std::filesystem::path& path, const KvTensors& tensors);

}  // namespace kvroof::inputs
