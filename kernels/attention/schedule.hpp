// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the work of a decode launch is dealt out. Pure arithmetic, the same on host and device.
//
// A row is one sequence's kv head. Its work is cut into units of up to 64 tokens: first its chunks,
// then its dense window; a row without tokens is one unit, because somebody has to write its
// output. All units of all rows stand in one line (row 0 first) and every worker, a warp, takes an
// equal stretch of it. So nobody waits for a longer neighbour, at the price that a row may be
// shared by several workers whose partial results are merged.

#include <cstdint>

#include "kernels/attention/problem.hpp"
#include "kernels/format/lane_chunk.hpp"

namespace kvroof::attention {

/// The units of a row whose sequence has kv_len tokens.
struct RowUnits {
  int chunks;
  int window_tokens;

  constexpr int window_units() const {
    const int units = (window_tokens + lane_chunk::kTokens - 1) / lane_chunk::kTokens;
    return chunks + units > 0 ? units : 1;
  }
  constexpr int total() const { return chunks + window_units(); }
};
constexpr RowUnits row_units(int kv_len, int window) {
  const int compressed = compressed_tokens(kv_len, window);
  return {compressed / lane_chunk::kTokens, kv_len - compressed};
}
constexpr int unit_count(const DecodeProblem& problem, int kv_len) {
  return row_units(kv_len, problem.window).total();
}

/// a * b / divisor, in 32 bits where the product allows: a GPU divides 64-bit integers slowly.
constexpr int scaled(std::int64_t a, std::int64_t b, std::int64_t divisor) {
  const auto product = static_cast<std::uint64_t>(a * b);
  if (product >> 32 == 0) {
    return static_cast<int>(static_cast<std::uint32_t>(product) /
                            static_cast<std::uint32_t>(divisor));
  }
  return static_cast<int>(product / static_cast<std::uint64_t>(divisor));
}

/// `units` dealt to `workers` in stretches that differ by at most one unit.
struct Deal {
  std::int64_t units;
  std::int64_t workers;

  /// First unit of `worker`; the stretch ends where the next one begins and may be empty.
  constexpr int first(std::int64_t worker) const { return scaled(units, worker, workers); }
  /// Whose stretch holds `unit`: the last worker whose first unit is not behind it.
  constexpr int owner(std::int64_t unit) const {
    const auto end = static_cast<std::uint64_t>((unit + 1) * workers - 1);
    if (end >> 32 == 0) {
      return static_cast<int>(static_cast<std::uint32_t>(end) / static_cast<std::uint32_t>(units));
    }
    return static_cast<int>(end / static_cast<std::uint64_t>(units));
  }
};

/// How many blocks of `warps` workers each have a unit in [first, end).
constexpr int blocks_with_units(const Deal& deal, int warps, int first, int end) {
  const std::int64_t blocks = deal.workers / warps;
  if (deal.units <= blocks) return end - first;  // a block has at most one unit
  return deal.owner(end - 1) / warps - deal.owner(first) / warps + 1;
}

}  // namespace kvroof::attention
