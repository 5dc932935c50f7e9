// SPDX-License-Identifier: Apache-2.0
#pragma once

// The home of N:M rows: of every M consecutive elements of a row exactly N survive (2:4, 4:8,
// 8:16).
//
//   byte 0                        2 head_dim N / M                2 head_dim N / M + head_dim / 8
//   | values of group 0 | of 1 | ..| bitmap: bit c % 8 of byte c / 8 is set where channel c
//   survives |
//
// The values of group j begin at j N: no prefix sum finds them, which is what N:M buys over rows
// that keep an exact count anywhere. Its index costs a bit per element, as theirs does: there are
// C(M, N) choices per group, so no code of whole bits takes fewer than 3, 7 and 14 where the bitmap
// takes 4, 8 and 16, and the bitmap needs no table to expand. For 2:4 in the order of the sparse
// tensor core see two_four.hpp, which is as long.

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/format/format_bytes.hpp"

namespace kvroof::n_of_m {

struct Pattern {
  int kept;   // N
  int group;  // M
};

constexpr std::int64_t value_bytes(Pattern pattern, int head_dim) {
  return std::int64_t{2} * head_dim / pattern.group * pattern.kept;
}
constexpr std::int64_t row_bytes(Pattern pattern, int head_dim) {
  return value_bytes(pattern, head_dim) + head_dim / 8;
}

FormatBytes count_bytes(Pattern pattern, int head_dim, std::int64_t rows);

/// Throws std::invalid_argument unless 1 <= kept <= group and head_dim is a positive multiple of
/// group and of 8.
void require_supported(Pattern pattern, int head_dim);

/// `row` is [head_dim] 16-bit values, `mask` (1 = survives) of the same length; writes all
/// row_bytes() of `encoded`. Throws std::invalid_argument when a size is wrong or a group keeps
/// another number.
void encode(Pattern pattern, std::span<const std::uint16_t> row, std::span<const std::uint8_t> mask,
            std::span<std::byte> encoded);

/// Inverse of encode(): pruned elements become 0 in `row` and in `mask`. Throws
/// std::invalid_argument when a group of the bitmap does not keep N.
void decode(Pattern pattern, std::span<const std::byte> encoded, std::span<std::uint16_t> row,
            std::span<std::uint8_t> mask);

}  // namespace kvroof::n_of_m
