// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/n_of_m.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/error.hpp"

namespace kvroof::n_of_m {
namespace {

void require_sizes(Pattern pattern, std::size_t row, std::size_t mask, std::size_t encoded) {
  require_supported(pattern, static_cast<int>(row));
  require(mask == row, "{}:{} row: the mask must have {} elements, got {}", pattern.kept,
          pattern.group, row, mask);
  const std::int64_t bytes = row_bytes(pattern, static_cast<int>(row));
  require(encoded == static_cast<std::size_t>(bytes), "{}:{} row: needs {} bytes, got {}",
          pattern.kept, pattern.group, bytes, encoded);
}

void require_kept(Pattern pattern, std::span<const std::uint8_t> mask) {
  const auto group = static_cast<std::size_t>(pattern.group);
  for (std::size_t first = 0; first < mask.size(); first += group) {
    const auto of_group = mask.subspan(first, group);
    const auto ones =
        std::count_if(of_group.begin(), of_group.end(), [](std::uint8_t bit) { return bit != 0; });
    require(ones == pattern.kept, "{}:{} row: the group at channel {} keeps {} elements",
            pattern.kept, pattern.group, first, ones);
  }
}

}  // namespace

FormatBytes count_bytes(Pattern pattern, int head_dim, std::int64_t rows) {
  require_supported(pattern, head_dim);
  return {.values = rows * value_bytes(pattern, head_dim), .indices = rows * head_dim / 8};
}

void require_supported(Pattern pattern, int head_dim) {
  require(pattern.kept >= 1 && pattern.kept <= pattern.group,
          "N:M row: of {} elements 1 to {} can be kept, got {}", pattern.group, pattern.group,
          pattern.kept);
  require(head_dim > 0 && head_dim % pattern.group == 0 && head_dim % 8 == 0,
          "{}:{} row: head_dim must be a positive multiple of {} and of 8, got {}", pattern.kept,
          pattern.group, pattern.group, head_dim);
}

void encode(Pattern pattern, std::span<const std::uint16_t> row, std::span<const std::uint8_t> mask,
            std::span<std::byte> encoded) {
  require_sizes(pattern, row.size(), mask.size(), encoded.size());
  require_kept(pattern, mask);
  std::fill(encoded.begin(), encoded.end(), std::byte{0});
  const std::span<std::byte> bitmap = encoded.last(row.size() / 8);
  std::size_t next = 0;
  for (std::size_t channel = 0; channel < row.size(); ++channel) {
    if (mask[channel] == 0) continue;
    std::memcpy(&encoded[next], &row[channel], 2);
    next += 2;
    bitmap[channel / 8] |= std::byte{1} << channel % 8;
  }
}

void decode(Pattern pattern, std::span<const std::byte> encoded, std::span<std::uint16_t> row,
            std::span<std::uint8_t> mask) {
  require_sizes(pattern, row.size(), mask.size(), encoded.size());
  const std::span<const std::byte> bitmap = encoded.last(row.size() / 8);
  for (std::size_t channel = 0; channel < row.size(); ++channel) {
    mask[channel] = std::to_integer<std::uint8_t>(bitmap[channel / 8] >> channel % 8) & 1u;
  }
  require_kept(pattern, mask);
  std::size_t next = 0;
  for (std::size_t channel = 0; channel < row.size(); ++channel) {
    row[channel] = 0;
    if (mask[channel] == 0) continue;
    std::memcpy(&row[channel], &encoded[next], 2);
    next += 2;
  }
}

}  // namespace kvroof::n_of_m
