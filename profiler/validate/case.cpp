// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/case.hpp"

#include <algorithm>
#include <limits>

#include "kernels/error.hpp"

namespace kvroof::validate {

int Case::kv_length(int sequence) const {
  return kv_lengths.size() == 1 ? kv_lengths.front()
                                : kv_lengths.at(static_cast<std::size_t>(sequence));
}

int Case::max_kv_len() const { return *std::max_element(kv_lengths.begin(), kv_lengths.end()); }

void check(const Case& one) {
  require(one.batch > 0, "batch must be positive, got {}", one.batch);
  require(one.kv_heads > 0 && one.query_heads > 0 && one.query_heads % one.kv_heads == 0,
          "query heads ({}) must be a positive multiple of kv heads ({})", one.query_heads,
          one.kv_heads);
  require(one.head_dim > 0, "head_dim must be positive, got {}", one.head_dim);
  require(
      one.kv_lengths.size() == 1 || one.kv_lengths.size() == static_cast<std::size_t>(one.batch),
      "kv_len needs one number, or one per sequence ({}), got {}", one.batch,
      one.kv_lengths.size());
  for (const int length : one.kv_lengths)
    require(length >= 0, "kv_len must not be negative, got {}", length);
  require(one.max_kv_len() > 0, "kv_len is 0: there is no token to attend to");
  constexpr int most_window = std::numeric_limits<int>::max() - 63;  // a chunk may wait beside it
  require(one.window >= 0 && one.window <= most_window, "window must be 0 to {}, got {}",
          most_window, one.window);
  constexpr int most_blocks = 65535;  // far above what any GPU runs at once
  require(one.blocks >= 0 && one.blocks <= most_blocks, "blocks must be 0 to {}, got {}",
          most_blocks, one.blocks);
  for (const int kept : {one.kept_keys, one.kept_values}) {
    require(kept >= 1 && kept <= one.head_dim, "kept must be 1 to head_dim ({}), got {}",
            one.head_dim, kept);
  }
}

double host_bytes(const Case& one) {
  constexpr double per_cache_element = 12;  // f32 and 16-bit on the host, 16-bit on the device, of
  constexpr double per_element = 8;         // K and of V each; the reference's copies aside
  const double heads = static_cast<double>(one.batch) * one.kv_heads;
  const double queries = static_cast<double>(one.batch) * one.query_heads;
  const double tokens = 2.0 * heads * one.max_kv_len() * per_cache_element;
  return one.head_dim * (tokens + (2.0 * heads * one.window + queries) * per_element);
}

std::string describe(const Case& one) {
  std::string lengths = fmt::format("{}", fmt::join(one.kv_lengths, ","));
  if (one.kv_lengths.size() > 4) lengths = fmt::format("0..{}", one.max_kv_len());
  const std::string method = one.method == Case{}.method ? "" : one.method + ", ";
  return fmt::format("{}{} x {}/{} heads x {} tokens x {}, window {}, kept {}/{}, {}", method,
                     one.batch, one.query_heads, one.kv_heads, lengths, one.head_dim, one.window,
                     one.kept_keys, one.kept_values, to_string(one.value_type));
}

}  // namespace kvroof::validate
