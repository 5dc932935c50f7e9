// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/variable_rows.hpp"

#include <bit>
#include <limits>

#include "kernels/error.hpp"

namespace kvroof::variable_rows {
namespace {

std::size_t chunk_elements(int head_dim) {
  return static_cast<std::size_t>(kTokens) * static_cast<std::size_t>(head_dim);
}

void require_shape(int head_dim, std::size_t rows, std::size_t mask) {
  lane_chunk::require_supported(head_dim);
  require(rows % chunk_elements(head_dim) == 0 && mask == rows,
          "variable rows: rows and mask must hold a multiple of {} x {} elements, got {} and {}",
          kTokens, head_dim, rows, mask);
}

/// The end of `chunks` as an offset.
std::uint32_t end_offset(const std::vector<std::byte>& chunks) {
  const std::size_t end = chunks.size() / kOffsetBytes;
  require(end <= std::numeric_limits<std::uint32_t>::max(),
          "variable rows: more than 512 GiB do not fit 32-bit offsets");
  return static_cast<std::uint32_t>(end);
}

/// The bytes from offset `index` to the next.
std::span<const std::byte> bytes_at(const EncodedRows& encoded, std::size_t index) {
  const std::size_t begin = std::size_t{encoded.offsets[index]} * kOffsetBytes;
  const std::size_t end = std::size_t{encoded.offsets[index + 1]} * kOffsetBytes;
  require(begin <= end && end <= encoded.chunks.size(),
          "variable rows: chunk {} has bytes {} to {} of {}", index, begin, end,
          encoded.chunks.size());
  return std::span(encoded.chunks).subspan(begin, end - begin);
}

}  // namespace

void append(EncodedRows& encoded, Operand operand, int head_dim, int chunk_capacity,
            std::span<const std::uint16_t> rows, std::span<const std::uint8_t> mask) {
  require_shape(head_dim, rows.size(), mask.size());
  const std::size_t elements = chunk_elements(head_dim);
  const auto capacity = static_cast<std::size_t>(chunk_capacity);
  require(chunk_capacity >= 0 && rows.size() / elements <= capacity,
          "variable rows: {} chunks do not fit a capacity of {}", rows.size() / elements,
          chunk_capacity);
  const std::size_t first_offset = encoded.offsets.size();
  for (std::size_t first = 0; first < rows.size(); first += elements) {
    encoded.offsets.push_back(end_offset(encoded.chunks));
    const auto chunk = lane_chunk::encode(operand, head_dim, rows.subspan(first, elements),
                                          mask.subspan(first, elements));
    encoded.chunks.insert(encoded.chunks.end(), chunk.begin(), chunk.end());
  }
  encoded.offsets.resize(first_offset + capacity + 1, end_offset(encoded.chunks));
}

EncodedRows encode(Operand operand, int head_dim, std::span<const std::uint16_t> rows,
                   std::span<const std::uint8_t> mask) {
  require_shape(head_dim, rows.size(), mask.size());
  EncodedRows encoded;
  append(encoded, operand, head_dim, static_cast<int>(rows.size() / chunk_elements(head_dim)), rows,
         mask);
  return encoded;
}

void decode(Operand operand, int head_dim, const EncodedRows& encoded,
            std::span<std::uint16_t> rows, std::span<std::uint8_t> mask) {
  require_shape(head_dim, rows.size(), mask.size());
  const std::size_t elements = chunk_elements(head_dim);
  require(encoded.offsets.size() == rows.size() / elements + 1 && encoded.offsets.front() == 0,
          "variable rows: {} chunks need {} offsets from 0 on, got {}", rows.size() / elements,
          rows.size() / elements + 1, encoded.offsets.size());
  for (std::size_t index = 0; index + 1 < encoded.offsets.size(); ++index) {
    const auto chunk = bytes_at(encoded, index);
    const std::int64_t bytes =
        lane_chunk::decode(operand, head_dim, chunk, rows.subspan(index * elements, elements),
                           mask.subspan(index * elements, elements));
    require(bytes == static_cast<std::int64_t>(chunk.size()),
            "variable rows: chunk {} has {} bytes and needs {}", index, chunk.size(), bytes);
  }
}

FormatBytes count_bytes(int head_dim, const EncodedRows& encoded) {
  const std::int64_t bitmaps = lane_chunk::bitmap_bytes(head_dim);
  FormatBytes bytes{.offsets = static_cast<std::int64_t>(encoded.offsets.size() * 4)};
  for (std::size_t index = 0; index + 1 < encoded.offsets.size(); ++index) {
    const auto chunk = bytes_at(encoded, index);
    if (chunk.empty()) continue;  // an unused offset
    std::int64_t kept = 0;
    for (const std::byte byte :
         chunk.subspan(lane_chunk::kHeaderBytes, static_cast<std::size_t>(bitmaps)))
      kept += std::popcount(std::to_integer<unsigned>(byte));
    bytes.values += 2 * kept;
    bytes.indices += bitmaps;
    bytes.offsets += lane_chunk::kHeaderBytes;
    bytes.padding +=
        static_cast<std::int64_t>(chunk.size()) - lane_chunk::kHeaderBytes - bitmaps - 2 * kept;
  }
  return bytes;
}

FormatBytes count_bytes(Operand operand, int head_dim, std::span<const std::uint8_t> mask) {
  const std::vector<std::uint16_t> rows(mask.size());
  return count_bytes(head_dim, encode(operand, head_dim, rows, mask));
}

}  // namespace kvroof::variable_rows
