// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/lane_chunk.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "kernels/error.hpp"

namespace kvroof::lane_chunk {
namespace {

/// Calls visit(lane, tile, step, h, i) for every element of a lane in stream order.
template <class Visit>
void for_each_element(int head_dim, int lane, Visit&& visit) {
  for (int tile = 0; tile < kTiles; ++tile) {
    for (int step = 0; step < steps(head_dim); ++step) {
      for (int h = 0; h < 2; ++h) {
        for (int i = 0; i < kNibble; ++i) visit(lane, tile, step, h, i);
      }
    }
  }
}

std::size_t row_index(int head_dim, Element element) {
  return static_cast<std::size_t>(element.token) * static_cast<std::size_t>(head_dim) +
         static_cast<std::size_t>(element.channel);
}

/// Byte of the bitmap unit's low half inside the chunk.
std::size_t unit_offset(int head_dim, int lane, int tile, int step, int h) {
  return static_cast<std::size_t>(
      kHeaderBytes + ((tile * kLanes + lane) * units(head_dim) + unit_of(head_dim, step, h)) * 2);
}

using LaneStreams = std::array<std::vector<std::uint16_t>, kLanes>;
using SlotCounts = std::array<int, kLanes>;

/// Byte offsets of every lane's slots, full lines first, then the tails: visit(lane, slot, offset).
template <class Visit>
void for_each_slot(int head_dim, const SlotCounts& counts, Visit&& visit) {
  auto offset = static_cast<std::size_t>(slots_offset(head_dim));
  const int full_lines = *std::min_element(counts.begin(), counts.end());
  const auto next = [&](int lane, int slot) {
    visit(lane, slot, offset);
    offset += kSlotBytes;
  };
  for (int line = 0; line < full_lines; ++line) {
    for (int lane = 0; lane < kLanes; ++lane) next(lane, line);
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int slot = full_lines; slot < counts[static_cast<std::size_t>(lane)]; ++slot) {
      next(lane, slot);
    }
  }
}

Header make_header(const SlotCounts& counts) {
  Header header{};
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  const int high_bits[kLanes] = {*least % 16, *least / 16, (*most - *least) % 16,
                                 (*most - *least) / 16};
  int end = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    end += counts[static_cast<std::size_t>(lane)] - *least;
    header.lanes[lane] = static_cast<std::uint16_t>(end | high_bits[lane] << Header::kEndBits);
  }
  return header;
}

void require_shape(int head_dim, std::size_t rows, std::size_t mask) {
  require_supported(head_dim);
  const auto elements = static_cast<std::size_t>(kTokens * head_dim);
  require(rows == elements && mask == elements,
          "lane chunk: rows and mask must hold {} x {} elements, got {} and {}", kTokens, head_dim,
          rows, mask);
}

void require_bytes(std::size_t wanted, std::size_t bytes) {
  require(bytes == wanted, "lane chunk: needs {} bytes, got {}", wanted, bytes);
}

int slot_count(std::size_t elements) {
  return static_cast<int>((elements + kSlotElements - 1) / kSlotElements);
}

std::int64_t variable_bytes(int head_dim, const SlotCounts& counts) {
  return variable_chunk_bytes(head_dim, std::accumulate(counts.begin(), counts.end(), 0));
}

/// The header must be the one that the bitmaps make.
void require_header(std::span<const std::byte> chunk, const SlotCounts& counts) {
  Header header;
  std::memcpy(&header, chunk.data(), sizeof header);
  for (int lane = 0; lane < kLanes; ++lane) {
    const int wanted = counts[static_cast<std::size_t>(lane)];
    require(header.slots(lane) == wanted,
            "lane chunk: the header gives lane {} {} slots, its bitmaps need {}", lane,
            header.slots(lane), wanted);
  }
  const Header wanted = make_header(counts);
  require(
      std::memcmp(&header, &wanted, sizeof header) == 0,
      "lane chunk: the header gives {} full lines and a longest tail of {}, its bitmaps need {} "
      "and {}",
      header.full_lines(), header.longest_tail(), wanted.full_lines(), wanted.longest_tail());
}

void require_kept(int head_dim, int kept, std::span<const std::uint8_t> mask) {
  for (int token = 0; token < kTokens; ++token) {
    const auto row = mask.subspan(static_cast<std::size_t>(token * head_dim),
                                  static_cast<std::size_t>(head_dim));
    const auto ones =
        std::count_if(row.begin(), row.end(), [](std::uint8_t bit) { return bit != 0; });
    require(ones == kept, "lane chunk: row {} keeps {} elements, {} are wanted", token, ones, kept);
  }
}

}  // namespace

Bytes count_bytes(int head_dim, int kept, std::int64_t chunks) {
  Bytes bytes;
  bytes.values = chunks * kTokens * kept * 2;
  bytes.bitmaps = chunks * bitmap_bytes(head_dim);
  bytes.headers = chunks * kHeaderBytes;
  bytes.padding =
      chunks * chunk_bytes(head_dim, kept) - bytes.values - bytes.bitmaps - bytes.headers;
  return bytes;
}

void require_supported(int head_dim) {
  require(head_dim == 64 || head_dim == 128 || head_dim == 256,
          "lane chunk: head_dim must be 64, 128 or 256, got {}", head_dim);
}

void require_supported(int head_dim, int kept) {
  require_supported(head_dim);
  require(kept >= 1 && kept <= head_dim, "lane chunk: kept must be 1 to head_dim ({}), got {}",
          head_dim, kept);
}

std::vector<std::byte> encode(Operand operand, int head_dim, std::span<const std::uint16_t> rows,
                              std::span<const std::uint8_t> mask) {
  require_shape(head_dim, rows.size(), mask.size());
  std::vector<std::byte> chunk(static_cast<std::size_t>(slots_offset(head_dim)), std::byte{0});
  LaneStreams streams;
  SlotCounts counts{};
  for (int lane = 0; lane < kLanes; ++lane) {
    auto& stream = streams[static_cast<std::size_t>(lane)];
    for_each_element(head_dim, lane, [&](int, int tile, int step, int h, int i) {
      const std::size_t index = row_index(head_dim, element(operand, lane, tile, step, h, i));
      if (mask[index] == 0) return;
      stream.push_back(rows[index]);
      const int bit = bit_of(step, i);
      chunk[unit_offset(head_dim, lane, tile, step, h) + static_cast<std::size_t>(bit / 8)] |=
          std::byte{1} << bit % 8;
    });
    counts[static_cast<std::size_t>(lane)] = slot_count(stream.size());
  }
  chunk.resize(static_cast<std::size_t>(variable_bytes(head_dim, counts)), std::byte{0});
  const Header header = make_header(counts);
  std::memcpy(chunk.data(), &header, sizeof header);
  for_each_slot(head_dim, counts, [&](int lane, int slot, std::size_t offset) {
    const auto& stream = streams[static_cast<std::size_t>(lane)];
    for (std::size_t i = 0; i < kSlotElements; ++i) {
      const std::size_t index = static_cast<std::size_t>(slot) * kSlotElements + i;
      if (index >= stream.size()) break;
      chunk[offset + i] = static_cast<std::byte>(stream[index] >> 8);
      chunk[offset + kSlotElements + i] = static_cast<std::byte>(stream[index] & 0xff);
    }
  });
  return chunk;
}

void encode(Operand operand, int head_dim, int kept, std::span<const std::uint16_t> rows,
            std::span<const std::uint8_t> mask, std::span<std::byte> chunk) {
  require_supported(head_dim, kept);
  require_bytes(static_cast<std::size_t>(chunk_bytes(head_dim, kept)), chunk.size());
  const std::vector<std::byte> encoded = encode(operand, head_dim, rows, mask);
  require_kept(head_dim, kept, mask);
  const auto end = std::copy(encoded.begin(), encoded.end(), chunk.begin());
  std::fill(end, chunk.end(), std::byte{0});
}

std::int64_t decode(Operand operand, int head_dim, std::span<const std::byte> chunk,
                    std::span<std::uint16_t> rows, std::span<std::uint8_t> mask) {
  require_shape(head_dim, rows.size(), mask.size());
  require(chunk.size() >= static_cast<std::size_t>(slots_offset(head_dim)),
          "lane chunk: header and bitmaps take {} bytes, got {}", slots_offset(head_dim),
          chunk.size());
  SlotCounts counts{};
  std::array<std::vector<std::size_t>, kLanes> targets;  // where each stream element goes
  std::fill(rows.begin(), rows.end(), std::uint16_t{0});
  std::fill(mask.begin(), mask.end(), std::uint8_t{0});
  for (int lane = 0; lane < kLanes; ++lane) {
    auto& lane_targets = targets[static_cast<std::size_t>(lane)];
    for_each_element(head_dim, lane, [&](int, int tile, int step, int h, int i) {
      const int bit = bit_of(step, i);
      const std::byte byte =
          chunk[unit_offset(head_dim, lane, tile, step, h) + static_cast<std::size_t>(bit / 8)];
      if ((byte >> bit % 8 & std::byte{1}) == std::byte{0}) return;
      const std::size_t index = row_index(head_dim, element(operand, lane, tile, step, h, i));
      mask[index] = 1;
      lane_targets.push_back(index);
    });
    counts[static_cast<std::size_t>(lane)] = slot_count(lane_targets.size());
  }
  require_header(chunk, counts);
  const std::int64_t bytes = variable_bytes(head_dim, counts);
  require(static_cast<std::int64_t>(chunk.size()) >= bytes,
          "lane chunk: the slots end at byte {}, there are {}", bytes, chunk.size());
  for_each_slot(head_dim, counts, [&](int lane, int slot, std::size_t offset) {
    const auto& lane_targets = targets[static_cast<std::size_t>(lane)];
    for (std::size_t i = 0; i < kSlotElements; ++i) {
      const std::size_t index = static_cast<std::size_t>(slot) * kSlotElements + i;
      if (index >= lane_targets.size()) break;
      rows[lane_targets[index]] =
          static_cast<std::uint16_t>(std::to_integer<unsigned>(chunk[offset + i]) << 8 |
                                     std::to_integer<unsigned>(chunk[offset + kSlotElements + i]));
    }
  });
  return bytes;
}

void decode(Operand operand, int head_dim, int kept, std::span<const std::byte> chunk,
            std::span<std::uint16_t> rows, std::span<std::uint8_t> mask) {
  require_supported(head_dim, kept);
  require_bytes(static_cast<std::size_t>(chunk_bytes(head_dim, kept)), chunk.size());
  decode(operand, head_dim, chunk, rows, mask);
  require_kept(head_dim, kept, mask);
}

}  // namespace kvroof::lane_chunk
