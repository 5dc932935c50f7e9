// SPDX-License-Identifier: Apache-2.0
#pragma once

// The home of variable-length bitmap rows: every row keeps as many elements as its mask says. For
// rules that fix no count per row (per channel, ties kept) and for imported masks.
//
// 64 rows form a chunk:
//
//   byte 0               8 head_dim
//   | 64 bitmaps         | values of row 0 | of row 1 | ...        | zeros to a multiple of 16 |
//   | head_dim / 8 bytes |
//
// Bit c % 8 of byte c / 8 of a bitmap is set where channel c survives. Chunks follow each other;
// uint32 offsets[chunks + 1] give where each begins, and the end, in units of 16 bytes.
//
// Why one offset per chunk: a row's place inside follows from the population counts of the bitmaps
// before it, which whoever expands the chunk reads anyway; an offset per row would cost 4 bytes
// where this costs 1/16. A chunk must be found without its predecessors, because chunks are dealt
// out to workers, and begin at 16 bytes, because bulk copies do: that pads 7 bytes per chunk on
// average. Fixed room per chunk instead of offsets would cost the distance to the fullest one. 32
// bits in units of 16 bytes reach 64 GiB.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/format/format_bytes.hpp"
#include "kernels/format/lane_chunk.hpp"

namespace kvroof::variable_rows {

inline constexpr int kTokens = lane_chunk::kTokens;  // per chunk
inline constexpr int kOffsetBytes = 16;              // per unit of an offset

constexpr std::int64_t bitmap_bytes(int head_dim) { return std::int64_t{kTokens} * head_dim / 8; }

struct EncodedRows {
  std::vector<std::byte> chunks;
  std::vector<std::uint32_t> offsets;  // [chunks + 1]
  bool operator==(const EncodedRows&) const = default;
};

/// `rows` is [tokens, head_dim] 16-bit values, tokens a multiple of 64, `mask` (1 = survives) of
/// the same shape. Throws std::invalid_argument unless sizes fit and head_dim is a positive
/// multiple of 8.
EncodedRows encode(int head_dim, std::span<const std::uint16_t> rows,
                   std::span<const std::uint8_t> mask);

/// Inverse of encode(): pruned elements become 0 in `rows` and in `mask`. Throws
/// std::invalid_argument when offsets and bitmaps do not belong together.
void decode(int head_dim, const EncodedRows& encoded, std::span<std::uint16_t> rows,
            std::span<std::uint8_t> mask);

/// What the rows take, offsets included.
FormatBytes count_bytes(int head_dim, const EncodedRows& encoded);

}  // namespace kvroof::variable_rows
