// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/mustafar_tile.hpp"

#include <bit>
#include <limits>

#include "kernels/error.hpp"
#include "kernels/value_types.hpp"

namespace kvroof::mustafar {
namespace {

std::int64_t padded(std::int64_t count) {
  return (count + kPadValues - 1) / kPadValues * kPadValues;
}

std::uint64_t bit_of(int index) { return std::uint64_t{1} << (kTile - 1 - index); }

std::size_t row_index(Operand operand, int head_dim, std::int64_t tile, int index) {
  const lane_chunk::Element at = element(operand, head_dim, tile, index);
  return static_cast<std::size_t>(at.token) * static_cast<std::size_t>(head_dim) +
         static_cast<std::size_t>(at.channel);
}

void require_head_dim(int head_dim) {
  require(head_dim > 0 && head_dim % kTile == 0,
          "Mustafar tiles: head_dim must be a positive multiple of {}, got {}", kTile, head_dim);
}

}  // namespace

EncodedHead encode(Operand operand, int head_dim, std::span<const std::uint16_t> rows) {
  require_head_dim(head_dim);
  const std::size_t block = static_cast<std::size_t>(kTile) * static_cast<std::size_t>(head_dim);
  require(rows.size() % block == 0,
          "Mustafar tiles: rows must hold a multiple of {} tokens of {} channels, got {} elements",
          kTile, head_dim, rows.size());
  EncodedHead head;
  head.offsets.push_back(0);
  const auto tile_count = static_cast<std::int64_t>(rows.size()) / kTile;
  for (std::int64_t tile = 0; tile < tile_count; ++tile) {
    std::uint64_t bitmap = 0;
    for (int index = 0; index < kTile; ++index) {
      const std::uint16_t value = rows[row_index(operand, head_dim, tile, index)];
      if ((value & kMagnitudeBits) == 0) continue;
      bitmap |= bit_of(index);
      head.values.push_back(value);
    }
    head.values.resize(
        static_cast<std::size_t>(padded(static_cast<std::int64_t>(head.values.size()))));
    const auto end = head.values.size() / kOffsetValues;
    require(end <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()),
            "Mustafar tiles: the values of a head do not fit 32-bit offsets");
    head.bitmaps.push_back(bitmap);
    head.offsets.push_back(static_cast<std::int32_t>(end));
  }
  return head;
}

std::vector<std::uint16_t> decode(Operand operand, int head_dim, const EncodedHead& head) {
  require_head_dim(head_dim);
  const std::size_t tile_count = head.bitmaps.size();
  require(tile_count % static_cast<std::size_t>(head_dim) == 0 &&
              head.offsets.size() == tile_count + 1 && head.offsets.front() == 0,
          "Mustafar tiles: {} bitmaps and {} offsets from {} on are no head of {} channels",
          tile_count, head.offsets.size(), head.offsets.empty() ? 0 : head.offsets.front(),
          head_dim);
  std::vector<std::uint16_t> rows(tile_count * kTile);
  for (std::size_t tile = 0; tile < tile_count; ++tile) {
    auto next = static_cast<std::int64_t>(head.offsets[tile]) * kOffsetValues;
    const auto end = static_cast<std::int64_t>(head.offsets[tile + 1]) * kOffsetValues;
    const int count = std::popcount(head.bitmaps[tile]);
    require(end - next == padded(count) && end <= static_cast<std::int64_t>(head.values.size()),
            "Mustafar tiles: tile {} has {} set bits and values {} to {} of {}", tile, count, next,
            end, head.values.size());
    for (int index = 0; index < kTile; ++index) {
      if ((head.bitmaps[tile] & bit_of(index)) == 0) continue;
      rows[row_index(operand, head_dim, static_cast<std::int64_t>(tile), index)] =
          head.values[static_cast<std::size_t>(next++)];
    }
  }
  return rows;
}

FormatBytes count_bytes(const EncodedHead& head) {
  std::int64_t kept = 0;
  for (const std::uint64_t bitmap : head.bitmaps) kept += std::popcount(bitmap);
  const auto stored = static_cast<std::int64_t>(head.values.size());
  return {.values = 2 * kept,
          .indices = static_cast<std::int64_t>(head.bitmaps.size() * sizeof(std::uint64_t)),
          .offsets = static_cast<std::int64_t>((head.offsets.size() + 1) * sizeof(std::int32_t)),
          .padding = 2 * (stored - kept)};
}

FormatBytes count_bytes(Operand operand, int head_dim, std::span<const std::uint8_t> mask) {
  return count_bytes(
      encode(operand, head_dim, std::vector<std::uint16_t>(mask.begin(), mask.end())));
}

}  // namespace kvroof::mustafar
