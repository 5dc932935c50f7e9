// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/two_four.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace kvroof::two_four {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct Rows {
  std::vector<std::uint16_t> values;
  std::vector<std::uint8_t> mask;
};

std::size_t at(int head_dim, int token, int channel) {
  return static_cast<std::size_t>(token * head_dim + channel);
}

/// Random bit patterns; of every four neighbours along the contraction two random ones survive.
Rows random_rows(Operand operand, int head_dim, unsigned seed) {
  std::mt19937 random(seed);
  Rows rows;
  const auto elements = static_cast<std::size_t>(kTokens * head_dim);
  for (std::size_t i = 0; i < elements; ++i)
    rows.values.push_back(random() % 16 == 0 ? std::uint16_t{0}
                                             : static_cast<std::uint16_t>(random()));
  rows.mask.assign(elements, 0);
  const bool keys = operand == Operand::kKeys;
  const int lines = keys ? kTokens : head_dim;
  const int length = keys ? head_dim : kTokens;
  for (int line = 0; line < lines; ++line) {
    for (int first = 0; first < length; first += kGroup) {
      std::uint8_t group[kGroup] = {1, 1, 0, 0};
      std::shuffle(std::begin(group), std::end(group), random);
      for (int i = 0; i < kGroup; ++i) {
        const auto index = keys ? at(head_dim, line, first + i) : at(head_dim, first + i, line);
        rows.mask[index] = group[i];
      }
    }
  }
  return rows;
}

std::vector<std::byte> encoded(Operand operand, int head_dim, const Rows& rows) {
  std::vector<std::byte> chunk(static_cast<std::size_t>(chunk_bytes(head_dim)), std::byte{0xee});
  encode(operand, head_dim, rows.values, rows.mask, chunk);
  return chunk;
}

Rows decoded(Operand operand, int head_dim, std::span<const std::byte> chunk) {
  const auto elements = static_cast<std::size_t>(kTokens * head_dim);
  Rows rows{std::vector<std::uint16_t>(elements, 0x7777), std::vector<std::uint8_t>(elements, 7)};
  decode(operand, head_dim, chunk, rows.values, rows.mask);
  return rows;
}

class TwoFour : public ::testing::TestWithParam<std::tuple<Operand, int>> {
 protected:
  Operand operand() const { return std::get<0>(GetParam()); }
  int head_dim() const { return std::get<1>(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Shapes, TwoFour,
                         ::testing::Combine(::testing::Values(Operand::kKeys, Operand::kValues),
                                            ::testing::Values(64, 128, 256)));

TEST_P(TwoFour, gives_every_element_to_exactly_one_place) {
  std::set<std::pair<int, int>> seen;
  for (int fragment = 0; fragment < fragments(head_dim()); ++fragment) {
    for (int row = 0; row < kRows; ++row) {
      for (int column = 0; column < kColumns; ++column) {
        const auto e = element(operand(), head_dim(), fragment, row, column);
        ASSERT_TRUE(e.token >= 0 && e.token < kTokens && e.channel >= 0 && e.channel < head_dim());
        ASSERT_TRUE(seen.emplace(e.token, e.channel).second) << e.token << ", " << e.channel;
      }
    }
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kTokens * head_dim()));
}

TEST_P(TwoFour, decodes_what_it_encoded) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const Rows rows = random_rows(operand(), head_dim(), seed);
    const Rows back = decoded(operand(), head_dim(), encoded(operand(), head_dim(), rows));
    ASSERT_EQ(back.mask, rows.mask);
    for (std::size_t i = 0; i < rows.mask.size(); ++i)
      ASSERT_EQ(back.values[i], rows.mask[i] != 0 ? rows.values[i] : 0) << i;
  }
}

TEST_P(TwoFour, takes_nine_sixteenths_of_dense_without_padding) {
  const FormatBytes bytes = count_bytes(head_dim(), 3);
  const std::int64_t dense = std::int64_t{3} * kTokens * head_dim() * 2;
  EXPECT_EQ(bytes.values, dense / 2);
  EXPECT_EQ(bytes.indices, dense / 16);
  EXPECT_EQ(bytes.offsets + bytes.padding, 0);
  EXPECT_EQ(bytes.total(), 3 * chunk_bytes(head_dim()));
  EXPECT_EQ(16 * bytes.total(), 9 * dense);
}

TEST_P(TwoFour, refuses_a_group_that_does_not_keep_two) {
  for (const int spoiled : {0, 1, 3, 4}) {
    Rows rows = random_rows(operand(), head_dim(), 4);
    for (int i = 0; i < kGroup; ++i) {
      const bool keys = operand() == Operand::kKeys;
      rows.mask[keys ? at(head_dim(), 17, 8 + i) : at(head_dim(), 8 + i, 17)] = i < spoiled;
    }
    EXPECT_THAT([&] { encoded(operand(), head_dim(), rows); },
                ThrowsMessage<std::invalid_argument>(
                    HasSubstr(fmt::format("keeps {} elements, 2 are wanted", spoiled))));
  }
}

TEST_P(TwoFour, refuses_metadata_that_no_encoder_writes) {
  const Rows rows = random_rows(operand(), head_dim(), 5);
  const std::vector<std::byte> chunk = encoded(operand(), head_dim(), rows);
  const auto metadata = static_cast<std::size_t>(value_bytes(head_dim()));
  for (const std::size_t offset : {metadata, metadata + 77, chunk.size() - 1}) {
    for (const int bits : {0x00, 0x55, 0x44 + 0x10 * 3}) {
      std::vector<std::byte> spoiled = chunk;
      spoiled[offset] = static_cast<std::byte>(bits);
      EXPECT_THAT([&] { decoded(operand(), head_dim(), spoiled); },
                  ThrowsMessage<std::invalid_argument>(HasSubstr("in ascending order")));
    }
  }
}

TEST_P(TwoFour, refuses_sizes_that_do_not_fit) {
  const Rows rows = random_rows(operand(), head_dim(), 6);
  std::vector<std::byte> chunk(static_cast<std::size_t>(chunk_bytes(head_dim()) - 1));
  EXPECT_THROW(encode(operand(), head_dim(), rows.values, rows.mask, chunk), std::invalid_argument);
  EXPECT_THROW(encode(operand(), 96, rows.values, rows.mask, chunk), std::invalid_argument);
}

// Written out by hand from the layout: token 9, channels 36 .. 39 of a key.
TEST(TwoFourKeys, stand_where_the_sparse_mma_takes_them) {
  Rows rows = random_rows(Operand::kKeys, 128, 7);
  const std::size_t first = at(128, 9, 36);
  const std::uint8_t mask[kGroup] = {0, 1, 0, 1};
  std::copy(std::begin(mask), std::end(mask), rows.mask.begin() + static_cast<long>(first));
  rows.values[first + 1] = 0x1234;
  rows.values[first + 3] = 0x5678;
  const std::vector<std::byte> chunk = encoded(Operand::kKeys, 128, rows);
  // Step 1, tile 0: fragment 4. Row 9: g = 1, registers 1 and 3. Columns 4 .. 7: group 1, lane 5.
  const std::size_t value = 4 * 512 + 5 * 16 + 4;
  EXPECT_EQ(chunk[value], std::byte{0x34});
  EXPECT_EQ(chunk[value + 1], std::byte{0x12});
  EXPECT_EQ(chunk[value + 2], std::byte{0x78});
  EXPECT_EQ(chunk[value + 3], std::byte{0x56});
  // Word 2 of lane 4 (even fragment, left half); row 9: high half, group 1: bits 20 .. 23.
  const std::size_t metadata = 64 * 128 + 4 * 16 + 2 * 4 + 2;
  EXPECT_EQ(std::to_integer<int>(chunk[metadata]) >> 4, 3 << 2 | 1);
}

}  // namespace
}  // namespace kvroof::two_four
