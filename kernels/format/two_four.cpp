// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/two_four.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/error.hpp"

namespace kvroof::two_four {
namespace {

/// A group of four neighbours in a row of a fragment.
struct Group {
  int fragment;
  int row;
  int index;  // 0 .. 7 in the row
};

template <class Visit>
void for_each_group(int head_dim, Visit&& visit) {
  for (int fragment = 0; fragment < fragments(head_dim); ++fragment) {
    for (int row = 0; row < kRows; ++row) {
      for (int index = 0; index < kColumns / kGroup; ++index) visit(Group{fragment, row, index});
    }
  }
}

/// Index of element i of the group in rows [64, head_dim].
std::size_t element_index(Operand operand, int head_dim, const Group& group, int i) {
  const lane_chunk::Element at =
      element(operand, head_dim, group.fragment, group.row, kGroup * group.index + i);
  return static_cast<std::size_t>(at.token * head_dim + at.channel);
}

/// Byte of the group's two values, which share a register: the left half of a row lies in the first
/// two registers, rows 8 to 15 in every second one.
std::size_t value_offset(const Group& group) {
  const int lane = 4 * (group.row % 8) + group.index % 4;
  const int reg = group.row / 8 + 2 * (group.index / 4);
  return static_cast<std::size_t>(group.fragment * kFragmentBytes + lane * kLaneBytes + 4 * reg);
}

/// Byte that holds the group's 4 bits of metadata, and their shift in it.
struct MetadataPlace {
  std::size_t offset;
  int shift;
};
MetadataPlace metadata_place(int head_dim, const Group& group) {
  const int word = group.fragment / 2;
  const int lane = 4 * (group.row % 8) + 2 * (group.fragment % 2) + group.index / 4;
  const int bit = 16 * (group.row / 8) + 4 * (group.index % 4);
  const auto first = static_cast<std::size_t>(value_bytes(head_dim));
  return {first + static_cast<std::size_t>(word / 4 * kFragmentBytes + lane * kLaneBytes +
                                           word % 4 * 4 + bit / 8),
          bit % 8};
}

void require_sizes(int head_dim, std::size_t rows, std::size_t mask, std::size_t chunk) {
  require_supported(head_dim);
  const auto elements = static_cast<std::size_t>(kTokens * head_dim);
  require(rows == elements && mask == elements,
          "2:4 chunk: rows and mask must hold {} x {} elements, got {} and {}", kTokens, head_dim,
          rows, mask);
  require(chunk == static_cast<std::size_t>(chunk_bytes(head_dim)),
          "2:4 chunk: needs {} bytes, got {}", chunk_bytes(head_dim), chunk);
}

}  // namespace

FormatBytes count_bytes(int head_dim, std::int64_t chunks) {
  return {.values = chunks * value_bytes(head_dim), .indices = chunks * metadata_bytes(head_dim)};
}

void require_supported(int head_dim) {
  require(head_dim == 64 || head_dim == 128 || head_dim == 256,
          "2:4 chunk: head_dim must be 64, 128 or 256, got {}", head_dim);
}

void encode(Operand operand, int head_dim, std::span<const std::uint16_t> rows,
            std::span<const std::uint8_t> mask, std::span<std::byte> chunk) {
  require_sizes(head_dim, rows.size(), mask.size(), chunk.size());
  std::fill(chunk.begin(), chunk.end(), std::byte{0});
  for_each_group(head_dim, [&](const Group& group) {
    int count = 0;
    const MetadataPlace place = metadata_place(head_dim, group);
    for (int i = 0; i < kGroup; ++i) {
      const std::size_t index = element_index(operand, head_dim, group, i);
      if (mask[index] == 0) continue;
      if (count < kKept) {
        std::memcpy(&chunk[value_offset(group) + 2 * static_cast<std::size_t>(count)], &rows[index],
                    2);
        chunk[place.offset] |= static_cast<std::byte>(i << (place.shift + 2 * count));
      }
      ++count;
    }
    const auto first = static_cast<int>(element_index(operand, head_dim, group, 0));
    require(count == kKept,
            "2:4 chunk: the group of {} at token {}, channel {} keeps {} elements, {} are wanted",
            operand == Operand::kKeys ? "channels" : "tokens", first / head_dim, first % head_dim,
            count, kKept);
  });
}

void decode(Operand operand, int head_dim, std::span<const std::byte> chunk,
            std::span<std::uint16_t> rows, std::span<std::uint8_t> mask) {
  require_sizes(head_dim, rows.size(), mask.size(), chunk.size());
  std::fill(rows.begin(), rows.end(), std::uint16_t{0});
  std::fill(mask.begin(), mask.end(), std::uint8_t{0});
  for_each_group(head_dim, [&](const Group& group) {
    const MetadataPlace place = metadata_place(head_dim, group);
    const int bits = std::to_integer<int>(chunk[place.offset]) >> place.shift & 15;
    require((bits & 3) < bits >> 2,
            "2:4 chunk: metadata {:#x} of fragment {}, row {}, group {} names no two elements in "
            "ascending order",
            bits, group.fragment, group.row, group.index);
    for (int i = 0; i < kKept; ++i) {
      const std::size_t index = element_index(operand, head_dim, group, bits >> 2 * i & 3);
      std::memcpy(&rows[index], &chunk[value_offset(group) + 2 * static_cast<std::size_t>(i)], 2);
      mask[index] = 1;
    }
  });
}

}  // namespace kvroof::two_four
