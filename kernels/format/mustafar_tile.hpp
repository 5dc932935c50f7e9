// SPDX-License-Identifier: Apache-2.0
#pragma once

// The home of Mustafar's compressed tiles, bit for bit as published (arXiv 2505.22913, appendix C;
// github.com/dhjoo98/mustafar at d83ee7e: kernel/compression.py, kernel/csrc/SpMM_Kernel.cuh).
//
// A tile is 64 elements: of keys, 64 consecutive tokens of one channel; of values, 64 consecutive
// channels of one token. A kv head of `tokens` (a multiple of 64) has tokens * head_dim / 64 tiles:
//
//   keys     tile = token / 64 * head_dim + channel                    element = token % 64
//   values   tile = token / 64 * head_dim + channel / 64 * 64 + token % 64    element = channel %
//   64
//
// Per tile:  a 64-bit bitmap, element 0 in the most significant bit, set where the value is not 0;
//            the values of the set bits in order, padded with zeros to a multiple of 8 (16 bytes).
// Per head:  int32 offsets[tiles + 1]: where each tile's values begin in those of the head, in
//            units of 4 bytes, and their end.
// Per cache: int32 head offset of every kv head into the array of all values, in units of 16 bytes.
//
// Whatever counts as 0 is dropped, kept zeros of either sign too. A NaN is not 0.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/format/format_bytes.hpp"
#include "kernels/format/lane_chunk.hpp"

namespace kvroof::mustafar {

inline constexpr int kTile = 64;             // elements
inline constexpr int kPadValues = 8;         // values of a tile come in multiples of it
inline constexpr int kOffsetValues = 2;      // values per unit of a tile offset
inline constexpr int kHeadOffsetBytes = 16;  // per unit of a head offset

constexpr std::int64_t tiles(std::int64_t tokens, int head_dim) {
  return tokens * head_dim / kTile;
}
/// Where element `index` of `tile` stands.
constexpr lane_chunk::Element element(Operand operand, int head_dim, std::int64_t tile, int index) {
  const auto block = static_cast<int>(tile / head_dim);
  const auto column = static_cast<int>(tile % head_dim);
  if (operand == Operand::kKeys) return {block * kTile + index, column};
  return {block * kTile + column % kTile, column / kTile * kTile + index};
}

/// One kv head of K or V.
struct EncodedHead {
  std::vector<std::uint64_t> bitmaps;  // [tiles]
  std::vector<std::int32_t> offsets;   // [tiles + 1]
  std::vector<std::uint16_t> values;   // padded
  bool operator==(const EncodedHead&) const = default;
};

/// `rows` is [tokens, head_dim] 16-bit values whose pruned entries are 0. Throws
/// std::invalid_argument unless head_dim and tokens are multiples of 64.
EncodedHead encode(Operand operand, int head_dim, std::span<const std::uint16_t> rows);

/// Inverse of encode() up to the sign of zeros. Throws std::invalid_argument when the parts do not
/// belong together: counts, offsets and padding.
std::vector<std::uint16_t> decode(Operand operand, int head_dim, const EncodedHead& head);

/// What a head takes, its head offset included.
FormatBytes count_bytes(const EncodedHead& head);
/// The same of a head that keeps what `mask` [tokens, head_dim] says (1 = survives).
FormatBytes count_bytes(Operand operand, int head_dim, std::span<const std::uint8_t> mask);

}  // namespace kvroof::mustafar
