// SPDX-License-Identifier: Apache-2.0
#pragma once

// The home of the 2:4 chunk: which bytes hold the keys or values of 64 tokens of one kv head when
// of every four neighbours two survive, in the order in which mma.sp.m16n8k32 takes them.
//
// The sparse operand of mma.sp is A, and its groups of four lie along the contraction. Keys
// contract over channels, so a group is four channels of one token. Values contract over tokens: A
// is V^T, and a group is four tokens of one channel, which makes 2:4 a rule per channel for them.
//
//   keys:    fragment f = 4 step + tile       rows: tokens 16 tile ..    columns: channels 32 step
//   .. values:  fragment f = blocks step + block rows: channels 16 block .. columns: tokens 32 step
//   ..
//            with blocks = head_dim / 16
//
//   byte 0                        64 head_dim                               72 head_dim
//   | fragment 0 | fragment 1 | ..| metadata quad 0 | metadata quad 1 | ..  |
//   | 512 bytes  |            |   | 512 bytes       |                       |
//
// In a fragment lane l owns bytes 16 l .. 16 l + 15: its four registers of A. Two fragments share a
// metadata word per lane: lanes 4g, 4g + 1 hold that of the even one (selector 0), lanes 4g + 2,
// 4g + 3 of the odd one (selector 1). A quad is four such words of every lane, 16 bytes each. So a
// lane reads everything in 16-byte loads, a warp 512 consecutive bytes, without bank conflict.
//
// 72 of 128 bytes per 64 elements: 56.25 % of dense. No padding, constant stride, O(1) append.

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/format/format_bytes.hpp"
#include "kernels/format/lane_chunk.hpp"

namespace kvroof::two_four {

inline constexpr int kTokens = lane_chunk::kTokens;  // per chunk
inline constexpr int kGroup = 4;                     // neighbours along the contraction
inline constexpr int kKept = 2;                      // of them
inline constexpr int kRows = 16;                     // of a fragment: the M of the mma
inline constexpr int kColumns = 32;                  // of a fragment: its K
inline constexpr int kLaneBytes = 16;                // of a lane in a fragment or a quad
inline constexpr int kFragmentBytes = 32 * kLaneBytes;
inline constexpr int kTiles = kTokens / kRows;          // of keys
inline constexpr int kTokenSteps = kTokens / kColumns;  // of values

constexpr int channel_steps(int head_dim) { return head_dim / kColumns; }  // of keys
constexpr int channel_blocks(int head_dim) { return head_dim / kRows; }    // of values
constexpr int fragments(int head_dim) { return kTokens * head_dim / (kRows * kColumns); }
/// 32-bit words of metadata of one lane.
constexpr int metadata_words(int head_dim) { return fragments(head_dim) / 2; }
constexpr std::int64_t value_bytes(int head_dim) {
  return std::int64_t{fragments(head_dim)} * kFragmentBytes;
}
constexpr std::int64_t metadata_bytes(int head_dim) {
  return std::int64_t{metadata_words(head_dim)} * 32 * 4;
}
constexpr std::int64_t chunk_bytes(int head_dim) {
  return value_bytes(head_dim) + metadata_bytes(head_dim);
}

/// Which element of the chunk stands in row and column of a fragment.
constexpr lane_chunk::Element element(Operand operand, int head_dim, int fragment, int row,
                                      int column) {
  if (operand == Operand::kKeys) {
    return {fragment % kTiles * kRows + row, fragment / kTiles * kColumns + column};
  }
  const int blocks = channel_blocks(head_dim);
  return {fragment / blocks * kColumns + column, fragment % blocks * kRows + row};
}

FormatBytes count_bytes(int head_dim, std::int64_t chunks);

/// Throws std::invalid_argument unless head_dim is 64, 128 or 256.
void require_supported(int head_dim);

/// `rows` is [64, head_dim] 16-bit values, `mask` (1 = survives) of the same shape with two ones in
/// every group: four channels of a token for keys, four tokens of a channel for values. Writes all
/// chunk_bytes(head_dim) bytes of `chunk`. Throws std::invalid_argument when a size is wrong or a
/// group keeps another number.
void encode(Operand operand, int head_dim, std::span<const std::uint16_t> rows,
            std::span<const std::uint8_t> mask, std::span<std::byte> chunk);

/// Inverse of encode(): pruned elements become 0 in `rows` and in `mask`. Throws
/// std::invalid_argument when a group's metadata does not name two elements in ascending order.
void decode(Operand operand, int head_dim, std::span<const std::byte> chunk,
            std::span<std::uint16_t> rows, std::span<std::uint8_t> mask);

}  // namespace kvroof::two_four
