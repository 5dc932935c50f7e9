// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/traffic.hpp"

#include <algorithm>

#include "kernels/error.hpp"

namespace kvroof::model {
namespace {

constexpr std::int64_t kValueBytes = 2;  // f16 and bf16

void require_lengths(std::span<const std::int32_t> kv_lengths, int batch, int max_kv_len) {
  require(kv_lengths.size() == static_cast<std::size_t>(batch),
          "traffic: {} lengths for a batch of {}", kv_lengths.size(), batch);
  for (const std::int32_t length : kv_lengths) {
    require(length >= 0 && length <= max_kv_len, "traffic: kv_len must be 0 to {}, got {}",
            max_kv_len, length);
  }
}

}  // namespace

DecodeTraffic decode_traffic(const attention::DecodeProblem& problem,
                             std::span<const std::int32_t> kv_lengths) {
  require(problem.batch > 0 && problem.kv_heads > 0 && problem.query_heads > 0 &&
              problem.query_heads % problem.kv_heads == 0,
          "traffic: {} query heads must be a positive multiple of {} kv heads, batch {} positive",
          problem.query_heads, problem.kv_heads, problem.batch);
  lane_chunk::require_supported(problem.head_dim, problem.keys.kept);
  lane_chunk::require_supported(problem.head_dim, problem.values.kept);
  require_lengths(kv_lengths, problem.batch, problem.max_kv_len);

  std::int64_t tokens = 0;
  std::int64_t compressed = 0;
  for (const std::int32_t length : kv_lengths) {
    tokens += length;
    compressed += attention::compressed_tokens(length, problem.window);
  }
  const std::int64_t window_tokens = tokens - compressed;
  const std::int64_t row_bytes = std::int64_t{problem.head_dim} * kValueBytes;
  const std::int64_t chunks = compressed / lane_chunk::kTokens * problem.kv_heads;
  const std::int64_t query_rows = std::int64_t{problem.batch} * problem.query_heads;

  DecodeTraffic traffic;
  traffic.keys = lane_chunk::count_bytes(problem.head_dim, problem.keys.kept, chunks);
  traffic.values = lane_chunk::count_bytes(problem.head_dim, problem.values.kept, chunks);
  traffic.window = 2 * window_tokens * problem.kv_heads * row_bytes;
  traffic.queries = query_rows * row_bytes;
  traffic.outputs = query_rows * row_bytes;
  traffic.lengths = std::int64_t{problem.batch} * 4;
  traffic.log_sums = problem.log_sum_exps == nullptr ? 0 : query_rows * 4;
  traffic.dense = 2 * tokens * problem.kv_heads * row_bytes;
  // Per query head and token a multiply-add for every key element and every value element.
  const double heads = problem.query_heads;
  traffic.useful_flops =
      2.0 * heads *
      (static_cast<double>(compressed) * (problem.keys.kept + problem.values.kept) +
       static_cast<double>(window_tokens) * 2.0 * problem.head_dim);
  traffic.dense_flops = 4.0 * heads * static_cast<double>(tokens) * problem.head_dim;
  return traffic;
}

PackTraffic pack_traffic(const compress::PackProblem& problem,
                         std::span<const std::int32_t> kv_lengths) {
  lane_chunk::require_supported(problem.head_dim, problem.kept);
  require_lengths(kv_lengths, problem.batch, problem.max_kv_len);
  std::int64_t chunks = 0;
  for (const std::int32_t length : kv_lengths) {
    const int complete = attention::compressed_tokens(length, problem.window) / lane_chunk::kTokens;
    chunks += std::max(0, complete - problem.first_chunk);
  }
  chunks *= problem.kv_heads;
  PackTraffic traffic;
  traffic.rows = chunks * lane_chunk::kTokens;
  traffic.read = traffic.rows * problem.head_dim * kValueBytes;
  traffic.written = lane_chunk::count_bytes(problem.head_dim, problem.kept, chunks);
  return traffic;
}

}  // namespace kvroof::model
