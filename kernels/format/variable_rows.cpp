// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/variable_rows.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "kernels/error.hpp"

namespace kvroof::variable_rows {
namespace {

std::size_t chunk_elements(int head_dim) {
  return static_cast<std::size_t>(kTokens) * static_cast<std::size_t>(head_dim);
}

void require_shape(int head_dim, std::size_t rows, std::size_t mask) {
  require(head_dim > 0 && head_dim % 8 == 0,
          "variable rows: head_dim must be a positive multiple of 8, got {}", head_dim);
  require(rows % chunk_elements(head_dim) == 0 && mask == rows,
          "variable rows: rows and mask must hold a multiple of {} x {} elements, got {} and {}",
          kTokens, head_dim, rows, mask);
}

std::size_t rounded_up(std::size_t bytes) {
  return (bytes + kOffsetBytes - 1) / kOffsetBytes * kOffsetBytes;
}

std::int64_t set_bits(std::span<const std::byte> bitmaps) {
  std::int64_t bits = 0;
  for (const std::byte byte : bitmaps) bits += std::popcount(std::to_integer<unsigned>(byte));
  return bits;
}

/// The bytes of chunk `index`, and how many of its elements survive.
struct Chunk {
  std::span<const std::byte> bitmaps;
  std::span<const std::byte> values;
  std::int64_t kept;
};
Chunk chunk_at(int head_dim, const EncodedRows& encoded, std::size_t index) {
  const std::size_t begin = std::size_t{encoded.offsets[index]} * kOffsetBytes;
  const std::size_t end = std::size_t{encoded.offsets[index + 1]} * kOffsetBytes;
  const auto bitmaps = static_cast<std::size_t>(bitmap_bytes(head_dim));
  require(begin + bitmaps <= end && end <= encoded.chunks.size(),
          "variable rows: chunk {} has bytes {} to {} of {}", index, begin, end,
          encoded.chunks.size());
  const auto bytes = std::span(encoded.chunks).subspan(begin, end - begin);
  const std::int64_t kept = set_bits(bytes.first(bitmaps));
  require(rounded_up(bitmaps + 2 * static_cast<std::size_t>(kept)) == end - begin,
          "variable rows: chunk {} has {} bytes for {} elements", index, end - begin, kept);
  return {bytes.first(bitmaps), bytes.subspan(bitmaps), kept};
}

}  // namespace

EncodedRows encode(int head_dim, std::span<const std::uint16_t> rows,
                   std::span<const std::uint8_t> mask) {
  require_shape(head_dim, rows.size(), mask.size());
  EncodedRows encoded;
  encoded.offsets.push_back(0);
  for (std::size_t first = 0; first < rows.size(); first += chunk_elements(head_dim)) {
    const std::size_t bitmaps = encoded.chunks.size();
    encoded.chunks.resize(bitmaps + static_cast<std::size_t>(bitmap_bytes(head_dim)));
    for (std::size_t i = 0; i < chunk_elements(head_dim); ++i) {
      if (mask[first + i] == 0) continue;
      encoded.chunks[bitmaps + i / 8] |= std::byte{1} << i % 8;
      const auto bits = std::bit_cast<std::array<std::byte, 2>>(rows[first + i]);
      encoded.chunks.insert(encoded.chunks.end(), bits.begin(), bits.end());
    }
    encoded.chunks.resize(rounded_up(encoded.chunks.size()));
    const std::size_t end = encoded.chunks.size() / kOffsetBytes;
    require(end <= std::numeric_limits<std::uint32_t>::max(),
            "variable rows: more than 64 GiB do not fit 32-bit offsets");
    encoded.offsets.push_back(static_cast<std::uint32_t>(end));
  }
  return encoded;
}

void decode(int head_dim, const EncodedRows& encoded, std::span<std::uint16_t> rows,
            std::span<std::uint8_t> mask) {
  require_shape(head_dim, rows.size(), mask.size());
  const std::size_t elements = chunk_elements(head_dim);
  require(encoded.offsets.size() == rows.size() / elements + 1 && encoded.offsets.front() == 0,
          "variable rows: {} chunks need {} offsets from 0 on, got {}", rows.size() / elements,
          rows.size() / elements + 1, encoded.offsets.size());
  for (std::size_t index = 0; index + 1 < encoded.offsets.size(); ++index) {
    const Chunk chunk = chunk_at(head_dim, encoded, index);
    std::size_t next = 0;
    for (std::size_t i = 0; i < elements; ++i) {
      const bool survives = std::to_integer<int>(chunk.bitmaps[i / 8] >> i % 8 & std::byte{1}) != 0;
      const std::size_t at = index * elements + i;
      mask[at] = survives ? 1 : 0;
      rows[at] = 0;
      if (!survives) continue;
      std::memcpy(&rows[at], &chunk.values[next], 2);
      next += 2;
    }
  }
}

FormatBytes count_bytes(int head_dim, const EncodedRows& encoded) {
  FormatBytes bytes{.offsets = static_cast<std::int64_t>(encoded.offsets.size() * 4)};
  for (std::size_t index = 0; index + 1 < encoded.offsets.size(); ++index) {
    const Chunk chunk = chunk_at(head_dim, encoded, index);
    bytes.values += 2 * chunk.kept;
    bytes.indices += static_cast<std::int64_t>(chunk.bitmaps.size());
    bytes.padding += static_cast<std::int64_t>(chunk.values.size()) - 2 * chunk.kept;
  }
  return bytes;
}

}  // namespace kvroof::variable_rows
