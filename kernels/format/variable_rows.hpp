// SPDX-License-Identifier: Apache-2.0
#pragma once

// The home of variable-length rows: every row keeps what its mask says. For rules that fix no count
// per row (per channel, ties kept) and for imported masks.
//
// 64 rows of one (sequence, kv head) form a lane chunk (lane_chunk.hpp) of as many bytes as its
// lanes take. Where chunk c of head row r, sequence x kv_heads + kv head, begins is offset
// [r, c] of a table of 32-bit numbers, in units of 128 bytes from the first chunk on; it ends at or
// before [r, c + 1]:
//
//   offsets[head_rows][chunk_capacity + 1]
//
// Why one offset per chunk: what is inside follows from the chunk's own header. Why not fewer:
// chunks are dealt out to workers that must find theirs without its predecessors; fixed room per
// chunk instead would cost the distance to the fullest one. Why units of 128 bytes: a chunk is as
// long as some of them. Why one table for all head rows: 32 bits then reach 512 GiB, and whether
// head rows follow each other without gaps or have reserved room each, to grow into, is the
// writer's choice.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/format/format_bytes.hpp"
#include "kernels/format/lane_chunk.hpp"

namespace kvroof::variable_rows {

inline constexpr int kTokens = lane_chunk::kTokens;          // per chunk
inline constexpr int kOffsetBytes = lane_chunk::kCopyBytes;  // per unit of an offset

/// Where chunk `chunk` of `head_row` has its offset in the table; the next one is where it ends.
constexpr std::int64_t offset_index(std::int64_t head_row, int chunk, int chunk_capacity) {
  return head_row * (std::int64_t{chunk_capacity} + 1) + chunk;
}

struct EncodedRows {
  std::vector<std::byte> chunks;
  std::vector<std::uint32_t> offsets;  // [head_rows, chunk_capacity + 1]
  bool operator==(const EncodedRows&) const = default;
};

/// Adds a head row: `rows` is [tokens, head_dim] 16-bit values, tokens a multiple of 64 and at most
/// 64 chunk_capacity, `mask` (1 = survives) of the same shape. Chunks follow each other without
/// gaps; unused offsets name the end. Throws std::invalid_argument unless sizes fit and head_dim is
/// 64, 128 or 256.
void append(EncodedRows& encoded, Operand operand, int head_dim, int chunk_capacity,
            std::span<const std::uint16_t> rows, std::span<const std::uint8_t> mask);

/// One head row whose chunk_capacity is what it needs.
EncodedRows encode(Operand operand, int head_dim, std::span<const std::uint16_t> rows,
                   std::span<const std::uint8_t> mask);

/// Inverse of encode(): pruned elements become 0 in `rows` and in `mask`. Throws
/// std::invalid_argument when offsets and chunks do not belong together.
void decode(Operand operand, int head_dim, const EncodedRows& encoded,
            std::span<std::uint16_t> rows, std::span<std::uint8_t> mask);

/// What append() or encode() made takes: values, bitmaps, headers and offsets, padding.
FormatBytes count_bytes(int head_dim, const EncodedRows& encoded);
/// The same of one head row that keeps what `mask` says.
FormatBytes count_bytes(Operand operand, int head_dim, std::span<const std::uint8_t> mask);

}  // namespace kvroof::variable_rows
