// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/mustafar_tile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>

#include "kernels/value_types.hpp"
#include "reference/prune.hpp"

namespace kvroof::mustafar {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// Normal rows of f16, pruned as the published code does; head_dim 128.
std::vector<std::uint16_t> published_rows(int tokens, double sparsity, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  reference::Matrix rows(tokens, 128);
  for (std::int64_t i = 0; i < rows.size(); ++i) rows.data()[i] = to_float(to_half(normal(random)));
  const reference::Mask mask = reference::prune_per_token_published(rows, sparsity);
  std::vector<std::uint16_t> bits;
  for (std::int64_t i = 0; i < rows.size(); ++i) {
    bits.push_back(mask.data()[i] ? to_half(static_cast<float>(rows.data()[i])).bits
                                  : std::uint16_t{0});
  }
  return bits;
}

/// Bit patterns of any kind, a share of them zeros.
std::vector<std::uint16_t> random_rows(int tokens, int head_dim, unsigned zeros_of_8,
                                       unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint16_t> rows;
  for (int i = 0; i < tokens * head_dim; ++i) {
    const auto value = static_cast<std::uint16_t>(random());
    rows.push_back(random() % 8 < zeros_of_8 || (value & kMagnitudeBits) == 0 ? std::uint16_t{0}
                                                                              : value);
  }
  return rows;
}

TEST(MustafarTiles, decode_to_what_was_encoded) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    for (const int head_dim : {64, 128, 256}) {
      for (const unsigned zeros : {0u, 3u, 8u}) {
        const auto rows = random_rows(192, head_dim, zeros, zeros + 1);
        const EncodedHead head = encode(operand, head_dim, rows);
        EXPECT_EQ(head.bitmaps.size(), static_cast<std::size_t>(tiles(192, head_dim)));
        EXPECT_EQ(decode(operand, head_dim, head), rows);
      }
    }
  }
}

TEST(MustafarTiles, give_every_element_to_exactly_one_place) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    std::set<std::pair<int, int>> seen;
    for (std::int64_t tile = 0; tile < tiles(128, 256); ++tile) {
      for (int index = 0; index < kTile; ++index) {
        const auto at = element(operand, 256, tile, index);
        ASSERT_TRUE(at.token >= 0 && at.token < 128 && at.channel >= 0 && at.channel < 256);
        ASSERT_TRUE(seen.emplace(at.token, at.channel).second);
      }
    }
    EXPECT_EQ(seen.size(), 128u * 256u);
  }
}

// By hand from the published layout: token 70, channel 5 of keys is element 6 of tile 128 + 5; of
// values it is element 5 of tile 128 + 6.
TEST(MustafarTiles, stand_where_the_published_code_puts_them) {
  std::vector<std::uint16_t> rows(128 * 128);
  rows[70 * 128 + 5] = 0x3c00;
  rows[70 * 128 + 127] = 0xbc00;
  const EncodedHead keys = encode(Operand::kKeys, 128, rows);
  EXPECT_EQ(keys.bitmaps[133], std::uint64_t{1} << (63 - 6));
  EXPECT_EQ(keys.bitmaps[255], std::uint64_t{1} << (63 - 6));
  EXPECT_EQ(keys.offsets[133], 0);
  EXPECT_EQ(keys.offsets[134], 4);  // 8 halves, in units of two
  EXPECT_EQ(keys.offsets[256], 8);
  EXPECT_THAT(keys.values, ElementsAre(0x3c00, 0, 0, 0, 0, 0, 0, 0, 0xbc00, 0, 0, 0, 0, 0, 0, 0));
  const EncodedHead values = encode(Operand::kValues, 128, rows);
  EXPECT_EQ(values.bitmaps[134], std::uint64_t{1} << (63 - 5));
  EXPECT_EQ(values.bitmaps[128 + 64 + 6], std::uint64_t{1});
}

// Also by hand: a tile of more than 8, one of fewer, none, and exactly 8 survivors.
TEST(MustafarTiles, hold_values_in_order_padded_to_eight_behind_offsets_in_units_of_two) {
  std::vector<std::uint16_t> rows(64 * 64);
  const auto set = [&](int token, int channel) {
    rows[static_cast<std::size_t>(token * 64 + channel)] =
        static_cast<std::uint16_t>(0x1000 * (channel + 1) + token);
  };
  for (int token = 0; token <= 16; token += 2) set(token, 0);
  for (const int token : {1, 2, 63}) set(token, 1);
  for (int token = 56; token < 64; ++token) set(token, 3);
  const EncodedHead keys = encode(Operand::kKeys, 64, rows);
  EXPECT_EQ(keys.bitmaps[0], 0xaaaa800000000000u);
  EXPECT_EQ(keys.bitmaps[1], 0x6000000000000001u);
  EXPECT_EQ(keys.bitmaps[2], 0u);
  EXPECT_EQ(keys.bitmaps[3], 0xffu);
  EXPECT_THAT(std::vector(keys.offsets.begin(), keys.offsets.begin() + 6),
              ElementsAre(0, 8, 12, 12, 16, 16));
  EXPECT_THAT(keys.values,
              ElementsAre(0x1000, 0x1002, 0x1004, 0x1006, 0x1008, 0x100a, 0x100c, 0x100e, 0x1010, 0,
                          0, 0, 0, 0, 0, 0,                       //
                          0x2001, 0x2002, 0x203f, 0, 0, 0, 0, 0,  //
                          0x4038, 0x4039, 0x403a, 0x403b, 0x403c, 0x403d, 0x403e, 0x403f));
}

/// The published compression step by step (github.com/dhjoo98/mustafar at d83ee7e,
/// kernel/compression.py:32-48, 87-109, 265-309), with nothing of the encoder under test: columns
/// of 64 elements, counts padded to 8, their running sum in pairs, a payload of zeros filled tile
/// by tile.
EncodedHead published_compression(Operand operand, std::size_t head_dim,
                                  const std::vector<std::uint16_t>& rows) {
  const std::size_t tokens = rows.size() / head_dim;
  std::vector<std::vector<std::uint16_t>> tiles(rows.size() / 64);
  for (std::size_t block = 0; block < tokens / 64; ++block) {
    for (std::size_t i = 0; i < 64; ++i) {
      for (std::size_t channel = 0; channel < head_dim; ++channel) {
        const std::uint16_t x = rows[(block * 64 + i) * head_dim + channel];
        const std::size_t id = operand == Operand::kKeys
                                   ? block * head_dim + channel
                                   : block * (head_dim / 64 * 64) + channel / 64 * 64 + i;
        tiles[id].push_back(x);  // tokens, or channels, come in ascending order
      }
    }
  }
  EncodedHead head;
  std::int32_t sum = 0;
  head.offsets.push_back(0);
  for (const auto& tile : tiles) {
    std::uint64_t bitmap = 0;
    std::int32_t count = 0;
    for (const std::uint16_t x : tile) {
      const bool nonzero = (x & 0x7fff) != 0;
      bitmap = bitmap << 1 | (nonzero ? 1 : 0);
      count += nonzero ? 1 : 0;
    }
    head.bitmaps.push_back(bitmap);
    sum += (count + 7) / 8 * 8 / 2;
    head.offsets.push_back(sum);
  }
  head.values.assign(static_cast<std::size_t>(sum) * 2, 0);
  for (std::size_t id = 0; id < tiles.size(); ++id) {
    auto at = static_cast<std::size_t>(head.offsets[id]) * 2;
    for (const std::uint16_t x : tiles[id])
      if ((x & 0x7fff) != 0) head.values[at++] = x;
  }
  return head;
}

TEST(MustafarTiles, are_those_of_the_published_compression) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    for (const int head_dim : {64, 128, 256}) {
      for (const unsigned zeros : {0u, 4u, 7u, 8u}) {
        const auto rows = random_rows(192, head_dim, zeros, 40 + zeros);
        EXPECT_EQ(encode(operand, head_dim, rows),
                  published_compression(operand, static_cast<std::size_t>(head_dim), rows));
      }
    }
  }
}

TEST(MustafarTiles, take_what_their_mask_says) {
  const auto rows = random_rows(128, 128, 5, 9);
  std::vector<std::uint8_t> mask;
  for (const std::uint16_t value : rows) mask.push_back(value == 0 ? 0 : 1);
  for (const Operand operand : {Operand::kKeys, Operand::kValues})
    EXPECT_EQ(count_bytes(operand, 128, mask), count_bytes(encode(operand, 128, rows)));
}

TEST(MustafarTiles, drop_zeros_of_either_sign_and_keep_NaN) {
  std::vector<std::uint16_t> rows(64 * 64);
  rows[0] = 0x8000;
  rows[1] = 0x7e01;
  const EncodedHead head = encode(Operand::kValues, 64, rows);
  EXPECT_EQ(head.bitmaps[0], std::uint64_t{1} << 62);
  EXPECT_EQ(head.values[0], 0x7e01);
}

TEST(MustafarTiles, take_the_published_share_of_dense) {
  struct Published {
    double sparsity, share;
  };
  for (const auto& [sparsity, share] : {Published{0.5, 0.657}, {0.7, 0.462}}) {
    for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
      const auto rows = published_rows(4096, sparsity, 1);
      const FormatBytes bytes = count_bytes(encode(operand, 128, rows));
      const double dense = 2.0 * static_cast<double>(rows.size());
      EXPECT_NEAR(static_cast<double>(bytes.total()) / dense, share, 0.0015);
      const std::int64_t kept_bytes = 4096 * 2 * (sparsity == 0.5 ? 65 : 40);
      EXPECT_GE(bytes.values, kept_bytes);  // ties of 16-bit magnitudes stay as well
      EXPECT_LE(bytes.values, kept_bytes + kept_bytes / 1000);
      EXPECT_EQ(static_cast<double>(bytes.indices), dense / 16);
      EXPECT_EQ(bytes.offsets, 4096 * 2 * 4 + 8);
      EXPECT_EQ(bytes.padding % 2, 0);
      EXPECT_NEAR(static_cast<double>(bytes.padding) / dense, 0.055, 0.002);
    }
  }
}

TEST(MustafarTiles, refuse_sizes_and_parts_that_do_not_fit) {
  const std::vector<std::uint16_t> rows(64 * 128, 1);
  EXPECT_THAT(
      [&] { encode(Operand::kKeys, 96, rows); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("head_dim must be a positive multiple")));
  EXPECT_THAT([&] { encode(Operand::kKeys, 128, std::span(rows).first(63 * 128)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("a multiple of 64 tokens")));
  const EncodedHead head = encode(Operand::kKeys, 128, rows);
  const auto refused = [&](auto&& spoil) {
    EncodedHead spoiled = head;
    spoil(spoiled);
    EXPECT_THROW(decode(Operand::kKeys, 128, spoiled), std::invalid_argument);
  };
  refused([](EncodedHead& h) { h.bitmaps[5] = 1; });
  refused([](EncodedHead& h) { h.offsets[7] += 4; });
  refused([](EncodedHead& h) { h.values.resize(h.values.size() - 8); });
  refused([](EncodedHead& h) { h.bitmaps.pop_back(); });
  refused([](EncodedHead& h) { h.offsets.clear(); });
}

}  // namespace
}  // namespace kvroof::mustafar
