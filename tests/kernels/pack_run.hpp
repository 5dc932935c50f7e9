// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "kernels/compress/launch.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "kernels/format/variable_rows.hpp"
#include "tests/support/convert.hpp"
#include "tests/support/devices.hpp"

// What the tests of the pack kernel share: launching it, and what the reference's choice and the
// host encoder make of the same rows.
namespace kvroof::compress {

using Rows = std::vector<std::uint16_t>;

constexpr std::byte kUntouched{0xee};

/// A launch over a batch whose rows lie in a ring of `row_capacity`.
struct Pack {
  int head_dim = 128;
  Operand operand = Operand::kKeys;
  ValueType type = ValueType::kF16;
  int kept = 64;
  int kv_heads = 1;
  std::vector<std::int32_t> kv_lengths = {64};
  int window = 0;
  int first_chunk = 0;
  bool newest_only = false;
  int row_capacity = 0;              // 0: the longest sequence
  int spare_chunks = 1;              // chunks of room beyond what is needed
  std::vector<std::uint64_t> masks;  // [heads, capacity, head_dim / 64]; empty: by magnitude
  bool has_offsets = false;          // chunks of different sizes, with the room of whole ones

  int max_kv_len() const { return *std::max_element(kv_lengths.begin(), kv_lengths.end()); }
  int capacity() const { return row_capacity > 0 ? row_capacity : max_kv_len(); }
  int chunks_of(int kv_len) const { return kv_len <= window ? 0 : (kv_len - window) / 64; }
  /// Whether a launch packs this chunk of a sequence of kv_len tokens.
  bool packs_chunk(int chunk, int kv_len) const {
    if (newest_only) return chunk == chunks_of(kv_len) - 1 && (kv_len - window) % 64 == 0;
    return chunk >= first_chunk && chunk < chunks_of(kv_len);
  }
  int chunk_capacity() const { return chunks_of(max_kv_len()) + spare_chunks; }
  std::size_t chunk_bytes() const {
    return static_cast<std::size_t>(lane_chunk::chunk_bytes(head_dim, kept));
  }
  std::size_t heads() const { return kv_lengths.size() * static_cast<std::size_t>(kv_heads); }
  std::size_t all_chunks() const { return heads() * static_cast<std::size_t>(chunk_capacity()); }
  std::size_t width() const { return static_cast<std::size_t>(head_dim); }
  std::size_t row(std::size_t head, int token) const {
    return head * static_cast<std::size_t>(capacity()) +
           static_cast<std::size_t>(token % capacity());
  }
};

/// Any bit patterns in the whole ring.
inline Rows random_rows(const Pack& pack, unsigned seed) {
  std::mt19937 random(seed);
  Rows rows(pack.heads() * static_cast<std::size_t>(pack.capacity()) * pack.width());
  for (std::uint16_t& bits : rows) bits = static_cast<std::uint16_t>(random());
  return rows;
}

/// What a launch left: chunks that held kUntouched before, and offsets.
struct Packed {
  std::vector<std::byte> chunks;
  std::vector<std::uint32_t> offsets;
};

/// Packs `rows` [heads, capacity, head_dim].
inline Packed launched(const Pack& pack, const Rows& rows, Device& device) {
  DeviceBuffer<std::uint16_t> source(device, rows.size(), "rows");
  source.upload(rows);
  DeviceBuffer<std::int32_t> lengths(device, pack.kv_lengths.size(), "kv_lengths");
  lengths.upload(pack.kv_lengths);
  DeviceBuffer<std::uint64_t> masks(device, pack.masks.size(), "masks");
  masks.upload(pack.masks);
  DeviceBuffer<std::byte> chunks(device, pack.all_chunks() * pack.chunk_bytes(), "chunks");
  chunks.fill(kUntouched);
  DeviceBuffer<std::uint32_t> offsets(
      device, pack.has_offsets ? pack.all_chunks() + pack.heads() : 0, "offsets");
  launch({.batch = static_cast<int>(pack.kv_lengths.size()),
          .kv_heads = pack.kv_heads,
          .head_dim = pack.head_dim,
          .value_type = pack.type,
          .operand = pack.operand,
          .kept = pack.kept,
          .rows = source.data(),
          .row_capacity = pack.capacity(),
          .masks = pack.masks.empty() ? nullptr : masks.data(),
          .kv_lengths = lengths.data(),
          .max_kv_len = pack.max_kv_len(),
          .window = pack.window,
          .first_chunk = pack.first_chunk,
          .newest_only = pack.newest_only,
          .chunks = chunks.data(),
          .chunk_capacity = pack.chunk_capacity(),
          .offsets = pack.has_offsets ? offsets.data() : nullptr,
          .chunks_bytes = static_cast<std::int64_t>(chunks.bytes())},
         device);
  device.synchronize();
  Packed result{std::vector<std::byte>(chunks.size()), std::vector<std::uint32_t>(offsets.size())};
  chunks.download(result.chunks);
  offsets.download(result.offsets);
  return result;
}
inline std::vector<std::byte> packed(const Pack& pack, const Rows& rows, Device& device) {
  return launched(pack, rows, device).chunks;
}

/// The rows of a chunk, gathered from the ring.
inline Rows chunk_rows(const Pack& pack, const Rows& rows, std::size_t head, int chunk) {
  Rows result;
  for (int token = chunk * 64; token < chunk * 64 + 64; ++token) {
    const auto first =
        rows.begin() + static_cast<std::ptrdiff_t>(pack.row(head, token) * pack.width());
    result.insert(result.end(), first, first + pack.head_dim);
  }
  return result;
}

/// The rows of the chunk's mask, a byte per element.
inline std::vector<std::uint8_t> chunk_mask(const Pack& pack, std::size_t head, int chunk) {
  std::vector<std::uint8_t> mask;
  for (int token = chunk * 64; token < chunk * 64 + 64; ++token) {
    const std::size_t first = pack.row(head, token) * pack.width() / 64;
    for (std::size_t c = 0; c < pack.width(); ++c)
      mask.push_back(pack.masks[first + c / 64] >> c % 64 & 1u);
  }
  return mask;
}

/// The chunk whose survivors the masks choose.
inline std::vector<std::byte> masked_chunk(const Pack& pack, const Rows& rows, std::size_t head,
                                           int chunk) {
  std::vector<std::byte> bytes(pack.chunk_bytes());
  lane_chunk::encode(pack.operand, pack.head_dim, pack.kept, chunk_rows(pack, rows, head, chunk),
                     chunk_mask(pack, head, chunk), bytes);
  return bytes;
}

/// What packed() should give.
inline std::vector<std::byte> expected(const Pack& pack, const Rows& rows) {
  std::vector<std::byte> result;
  for (std::size_t head = 0; head < pack.heads(); ++head) {
    const int length = pack.kv_lengths[head / static_cast<std::size_t>(pack.kv_heads)];
    for (int chunk = 0; chunk < pack.chunk_capacity(); ++chunk) {
      if (!pack.packs_chunk(chunk, length)) {
        result.insert(result.end(), pack.chunk_bytes(), kUntouched);
        continue;
      }
      const auto bytes =
          pack.masks.empty()
              ? test::reference_chunk(pack.operand, pack.type, pack.kept,
                                      chunk_rows(pack, rows, head, chunk), pack.head_dim)
              : masked_chunk(pack, rows, head, chunk);
      result.insert(result.end(), bytes.begin(), bytes.end());
    }
  }
  return result;
}

/// Masks for every row of the ring, count(row) channels each, drawn without looking at magnitudes.
inline std::vector<std::uint64_t> random_masks(const Pack& pack, unsigned seed,
                                               const std::function<int(std::mt19937&)>& count) {
  std::mt19937 random(seed);
  std::vector<std::uint64_t> masks;
  for (std::size_t row = 0; row < pack.heads() * static_cast<std::size_t>(pack.capacity()); ++row) {
    std::vector<int> bits(pack.width(), 0);
    std::fill_n(bits.begin(), count(random), 1);
    std::shuffle(bits.begin(), bits.end(), random);
    for (std::size_t word = 0; word < pack.width() / 64; ++word) {
      masks.push_back(0);
      for (std::size_t c = 0; c < 64; ++c)
        masks.back() |= static_cast<std::uint64_t>(bits[64 * word + c]) << c;
    }
  }
  return masks;
}

/// The host encoder's chunks and offsets.
inline variable_rows::EncodedRows encoded(const Pack& pack, const Rows& rows) {
  variable_rows::EncodedRows result;
  for (std::size_t head = 0; head < pack.heads(); ++head) {
    Rows own;
    std::vector<std::uint8_t> mask;
    const int length = pack.kv_lengths[head / static_cast<std::size_t>(pack.kv_heads)];
    for (int chunk = 0; chunk < pack.chunks_of(length); ++chunk) {
      const Rows one = chunk_rows(pack, rows, head, chunk);
      const std::vector<std::uint8_t> bits = chunk_mask(pack, head, chunk);
      own.insert(own.end(), one.begin(), one.end());
      mask.insert(mask.end(), bits.begin(), bits.end());
    }
    variable_rows::append(result, pack.operand, pack.head_dim, pack.chunk_capacity(), own, mask);
  }
  return result;
}

/// Comparing what a launch writes with what it should write.
class PackRun : public test::OnEveryBackend {
 protected:
  ::testing::AssertionResult packs(const Pack& pack, const Rows& rows) {
    const std::vector<std::byte> got = packed(pack, rows, device());
    const std::vector<std::byte> want = expected(pack, rows);
    if (got.size() != want.size()) return ::testing::AssertionFailure() << "sizes differ";
    const auto [at, wanted] = std::mismatch(got.begin(), got.end(), want.begin());
    if (at == got.end()) return ::testing::AssertionSuccess();
    const auto offset = static_cast<std::size_t>(at - got.begin());
    return ::testing::AssertionFailure()
           << "chunk " << offset / pack.chunk_bytes() << ", byte " << offset % pack.chunk_bytes()
           << ": got " << std::to_integer<int>(*at) << ", wanted " << std::to_integer<int>(*wanted);
  }
  ::testing::AssertionResult packs_random(const Pack& pack, unsigned seed) {
    return packs(pack, random_rows(pack, seed));
  }
};

}  // namespace kvroof::compress
