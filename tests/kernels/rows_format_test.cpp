// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "kernels/format/n_of_m.hpp"
#include "kernels/format/reduced_channels.hpp"
#include "kernels/format/size_models.hpp"
#include "kernels/format/variable_rows.hpp"

// Formats whose rows stand in plain order: N:M rows, rows of any length, and sizes of formats that
// are not stored.
namespace kvroof {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::vector<std::uint16_t> random_values(std::size_t count, std::mt19937& random) {
  std::vector<std::uint16_t> values(count);
  for (std::uint16_t& value : values)
    value = random() % 16 == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(random());
  return values;
}

// ---- N:M ----

std::vector<std::uint8_t> random_mask(n_of_m::Pattern pattern, int head_dim, std::mt19937& random) {
  std::vector<std::uint8_t> mask;
  for (int first = 0; first < head_dim; first += pattern.group) {
    std::vector<std::uint8_t> group(static_cast<std::size_t>(pattern.group), 0);
    std::fill(group.begin(), group.begin() + pattern.kept, std::uint8_t{1});
    std::shuffle(group.begin(), group.end(), random);
    mask.insert(mask.end(), group.begin(), group.end());
  }
  return mask;
}

TEST(NOfM, decodes_what_it_encoded) {
  std::mt19937 random(1);
  for (const auto& pattern : {n_of_m::Pattern{2, 4}, {4, 8}, {8, 16}, {1, 4}, {3, 8}, {16, 16}}) {
    for (const int head_dim : {16, 64, 80, 128, 256}) {
      const auto row = random_values(static_cast<std::size_t>(head_dim), random);
      const auto mask = random_mask(pattern, head_dim, random);
      std::vector<std::byte> encoded(static_cast<std::size_t>(n_of_m::row_bytes(pattern, head_dim)),
                                     std::byte{0xee});
      n_of_m::encode(pattern, row, mask, encoded);
      std::vector<std::uint16_t> back(row.size(), 0x7777);
      std::vector<std::uint8_t> back_mask(row.size(), 7);
      n_of_m::decode(pattern, encoded, back, back_mask);
      ASSERT_EQ(back_mask, mask);
      for (std::size_t i = 0; i < row.size(); ++i)
        ASSERT_EQ(back[i], mask[i] != 0 ? row[i] : 0) << i;
    }
  }
}

TEST(NOfM, takes_nine_sixteenths_of_dense_at_half_whatever_the_group) {
  for (const auto& pattern : {n_of_m::Pattern{2, 4}, {4, 8}, {8, 16}}) {
    const FormatBytes bytes = n_of_m::count_bytes(pattern, 128, 1000);
    EXPECT_EQ(bytes.total(), 1000 * 144);
    EXPECT_EQ(bytes.values, 1000 * 128);
  }
}

TEST(NOfM, stands_where_the_layout_says) {
  const std::vector<std::uint16_t> row = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<std::uint8_t> mask = {0, 1, 0, 1, 1, 0, 0, 1};
  std::vector<std::byte> encoded(9);
  n_of_m::encode({2, 4}, row, mask, encoded);
  EXPECT_THAT(encoded,
              ElementsAre(std::byte{2}, std::byte{0}, std::byte{4}, std::byte{0}, std::byte{5},
                          std::byte{0}, std::byte{8}, std::byte{0}, std::byte{0b10011010}));
}

TEST(NOfM, refuses_what_does_not_fit) {
  std::mt19937 random(2);
  const auto row = random_values(64, random);
  std::vector<std::uint8_t> mask = random_mask({4, 8}, 64, random);
  std::vector<std::byte> encoded(static_cast<std::size_t>(n_of_m::row_bytes({4, 8}, 64)));
  EXPECT_THAT(
      [&] {
        n_of_m::encode({2, 8}, row, mask, encoded);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("needs 40 bytes, got 72")));
  mask[17] ^= 1;
  EXPECT_THAT(
      [&] {
        n_of_m::encode({4, 8}, row, mask, encoded);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("the group at channel 16 keeps")));
  EXPECT_THAT(
      [] {
        n_of_m::require_supported({5, 4}, 64);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("1 to 4 can be kept, got 5")));
  EXPECT_THAT(
      [] {
        n_of_m::require_supported({8, 16}, 72);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("multiple of 16 and of 8, got 72")));
}

// ---- rows of any length ----

struct Rows {
  std::vector<std::uint16_t> values;
  std::vector<std::uint8_t> mask;
};
/// Chunks that are empty, full and anything between.
Rows random_rows(int chunks, int head_dim, unsigned seed) {
  std::mt19937 random(seed);
  const auto elements = static_cast<std::size_t>(64 * head_dim);
  Rows rows{random_values(static_cast<std::size_t>(chunks) * elements, random), {}};
  for (int chunk = 0; chunk < chunks; ++chunk) {
    const unsigned kept_of_8 = static_cast<unsigned>(chunk) % 9;
    for (std::size_t i = 0; i < elements; ++i) rows.mask.push_back(random() % 8 < kept_of_8);
  }
  return rows;
}

TEST(VariableRows, decode_to_what_was_encoded) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    for (const int head_dim : {64, 128, 256}) {
      for (const int chunks : {0, 1, 10}) {
        const Rows rows = random_rows(chunks, head_dim, static_cast<unsigned>(head_dim));
        const auto encoded = variable_rows::encode(operand, head_dim, rows.values, rows.mask);
        Rows back{std::vector<std::uint16_t>(rows.values.size(), 0x7777),
                  std::vector<std::uint8_t>(rows.mask.size(), 7)};
        variable_rows::decode(operand, head_dim, encoded, back.values, back.mask);
        ASSERT_EQ(back.mask, rows.mask);
        for (std::size_t i = 0; i < rows.mask.size(); ++i)
          ASSERT_EQ(back.values[i], rows.mask[i] != 0 ? rows.values[i] : 0) << i;
      }
    }
  }
}

TEST(VariableRows, are_lane_chunks_without_the_zeros_of_a_constant_stride) {
  std::mt19937 random(9);
  Rows rows{random_values(64 * 128, random), std::vector<std::uint8_t>(64 * 128, 0)};
  for (std::size_t token = 0; token < 64; ++token) {
    std::fill_n(rows.mask.begin() + static_cast<std::ptrdiff_t>(token * 128), 40, std::uint8_t{1});
    std::shuffle(rows.mask.begin() + static_cast<std::ptrdiff_t>(token * 128),
                 rows.mask.begin() + static_cast<std::ptrdiff_t>(token * 128 + 128), random);
  }
  const auto encoded = variable_rows::encode(Operand::kKeys, 128, rows.values, rows.mask);
  std::vector<std::byte> chunk(static_cast<std::size_t>(lane_chunk::chunk_bytes(128, 40)));
  lane_chunk::encode(Operand::kKeys, 128, 40, rows.values, rows.mask, chunk);
  ASSERT_LE(encoded.chunks.size(), chunk.size());  // both whole units
  EXPECT_TRUE(std::equal(encoded.chunks.begin(), encoded.chunks.end(), chunk.begin()));
}

TEST(VariableRows, take_values_bitmaps_headers_and_an_offset_per_64_rows) {
  const Rows rows = random_rows(10, 128, 3);
  const auto encoded = variable_rows::encode(Operand::kValues, 128, rows.values, rows.mask);
  const FormatBytes bytes = variable_rows::count_bytes(128, encoded);
  const auto kept = std::count(rows.mask.begin(), rows.mask.end(), std::uint8_t{1});
  EXPECT_EQ(bytes.values, 2 * kept);
  EXPECT_EQ(bytes.indices, 10 * 64 * 16);
  EXPECT_EQ(bytes.offsets, 11 * 4 + 10 * 64);
  EXPECT_LT(bytes.padding, 10 * (32 * 3 * 2 + 128));
  EXPECT_EQ(bytes.total(), static_cast<std::int64_t>(encoded.chunks.size() + 11 * 4));
  const auto offset_bytes = [](std::uint32_t offset) { return std::size_t{offset} * 128; };
  EXPECT_EQ(offset_bytes(encoded.offsets[1]), 64 + 1024 + 64) << "a chunk of nothing";
  EXPECT_EQ(offset_bytes(encoded.offsets[9] - encoded.offsets[8]), 64 + 1024 + 64 * 256 + 64)
      << "a chunk of everything";
}

TEST(VariableRows, stand_in_one_table_for_all_head_rows) {
  const Rows first = random_rows(2, 64, 5);
  const Rows second = random_rows(3, 64, 6);
  variable_rows::EncodedRows both;
  variable_rows::append(both, Operand::kKeys, 64, 4, first.values, first.mask);
  variable_rows::append(both, Operand::kKeys, 64, 4, second.values, second.mask);
  ASSERT_EQ(both.offsets.size(), 2 * 5u);
  const std::uint32_t end_of_first = both.offsets[2];
  EXPECT_EQ(both.offsets[4], end_of_first);
  EXPECT_EQ(both.offsets[static_cast<std::size_t>(variable_rows::offset_index(1, 0, 4))],
            end_of_first);
  const auto alone = variable_rows::encode(Operand::kKeys, 64, second.values, second.mask);
  EXPECT_TRUE(
      std::equal(alone.chunks.begin(), alone.chunks.end(),
                 both.chunks.begin() + std::ptrdiff_t{end_of_first} * variable_rows::kOffsetBytes,
                 both.chunks.end()));
  EXPECT_EQ(variable_rows::count_bytes(64, both).total(),
            static_cast<std::int64_t>(both.chunks.size() + 10 * 4));
  EXPECT_THAT(
      [&] { variable_rows::append(both, Operand::kKeys, 64, 2, second.values, second.mask); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("3 chunks do not fit a capacity of 2")));
}

TEST(VariableRows, refuse_parts_that_do_not_belong_together) {
  const Rows rows = random_rows(3, 64, 4);
  const auto encoded = variable_rows::encode(Operand::kKeys, 64, rows.values, rows.mask);
  const auto refused = [&](auto&& spoil) {
    variable_rows::EncodedRows spoiled = encoded;
    spoil(spoiled);
    Rows back = rows;
    EXPECT_THROW(variable_rows::decode(Operand::kKeys, 64, spoiled, back.values, back.mask),
                 std::invalid_argument);
  };
  refused([](auto& e) { e.offsets[1] += 1; });
  refused([](auto& e) { e.offsets.pop_back(); });
  refused([](auto& e) { e.offsets.back() = 0xffffffffu; });
  refused([](auto& e) { e.chunks.resize(e.chunks.size() - 16); });
  refused([](auto& e) { std::fill_n(e.chunks.begin(), 16, std::byte{0xff}); });
  EXPECT_THAT([&] { variable_rows::encode(Operand::kKeys, 80, rows.values, rows.mask); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("64, 128 or 256, got 80")));
}

// ---- masks ----

TEST(Masks, of_another_shape_than_the_rows_are_refused_by_every_encoder) {
  const Rows rows = random_rows(1, 64, 5);
  const std::span<const std::uint8_t> short_mask = std::span(rows.mask).first(63 * 64);
  const auto refused = [&](const char* sentence, const auto& encode) {
    EXPECT_THAT(encode, ThrowsMessage<std::invalid_argument>(HasSubstr(sentence)));
  };
  std::vector<std::byte> bytes(static_cast<std::size_t>(lane_chunk::chunk_bytes(64, 32)));
  refused("rows and mask must hold 64 x 64 elements, got 4096 and 4032",
          [&] { lane_chunk::encode(Operand::kKeys, 64, rows.values, short_mask); });
  refused("rows and mask must hold 64 x 64 elements, got 4096 and 4032",
          [&] { lane_chunk::encode(Operand::kKeys, 64, 32, rows.values, short_mask, bytes); });
  refused("must hold a multiple of 64 x 64 elements, got 4096 and 4032",
          [&] { variable_rows::encode(Operand::kKeys, 64, rows.values, short_mask); });
  refused("the mask must have 64 elements, got 63", [&] {
    n_of_m::encode({2, 4}, std::span(rows.values).first(64), short_mask.first(63), bytes);
  });
  variable_rows::EncodedRows encoded;
  refused("1 chunks do not fit a capacity of 0",
          [&] { variable_rows::append(encoded, Operand::kKeys, 64, 0, rows.values, rows.mask); });
}

TEST(VariableRows, take_what_their_mask_says) {
  std::mt19937 random(5);
  std::vector<std::uint16_t> rows(192 * 128);
  std::vector<std::uint8_t> mask(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = static_cast<std::uint16_t>(random());
    mask[i] = random() % 3 == 0 ? 1 : 0;
  }
  for (const Operand operand : {Operand::kKeys, Operand::kValues})
    EXPECT_EQ(variable_rows::count_bytes(operand, 128, mask),
              variable_rows::count_bytes(128, variable_rows::encode(operand, 128, rows, mask)));
}

// An exact row is N:M with the whole row as its group.
TEST(ExactRows, take_the_known_shares_of_dense_and_decode_to_what_was_encoded) {
  EXPECT_EQ(n_of_m::count_bytes({64, 128}, 128, 1000).total() * 10000, 1000 * 256 * 5625);
  EXPECT_EQ(n_of_m::count_bytes({40, 128}, 128, 1000).total() * 1000, 1000 * 256 * 375);
  std::vector<std::uint16_t> row(128);
  std::vector<std::uint8_t> mask(128, 0);
  for (std::size_t channel = 0; channel < 128; ++channel)
    row[channel] = static_cast<std::uint16_t>(channel + 1);
  for (std::size_t i = 0; i < 40; ++i) mask[i * i % 127] = 1;
  const auto kept = static_cast<int>(std::count(mask.begin(), mask.end(), 1));
  std::vector<std::byte> encoded(static_cast<std::size_t>(n_of_m::row_bytes({kept, 128}, 128)));
  n_of_m::encode({kept, 128}, row, mask, encoded);
  std::vector<std::uint16_t> decoded(128);
  std::vector<std::uint8_t> survivors(128);
  n_of_m::decode({kept, 128}, encoded, decoded, survivors);
  EXPECT_EQ(survivors, mask);
  for (std::size_t channel = 0; channel < 128; ++channel)
    EXPECT_EQ(decoded[channel], mask[channel] ? row[channel] : 0) << channel;
}

// ---- sizes of others ----

TEST(ReducedChannels, are_whole_pieces_and_a_list_per_head) {
  EXPECT_EQ(reduced_channels::count_bytes(64, 100, 2),
            (FormatBytes{.values = 12800, .indices = 2 * 64 * 4}));
  EXPECT_EQ(reduced_channels::count_bytes(39, 10, 1),
            (FormatBytes{.values = 780, .indices = 40 * 4, .padding = 20}));
}

TEST(SizeModels, of_csr_and_flash_llm_are_the_arithmetic_of_their_layouts) {
  // 64 rows of 128 with 64 kept: one Flash-LLM tile.
  EXPECT_EQ(size_models::csr(64, 64 * 64).total(), 4096 * 6 + 65 * 4);
  EXPECT_EQ(size_models::flash_llm(64 * 128, 64 * 64).total(), 4096 * 4 + 2 * 4);
  EXPECT_EQ(size_models::flash_llm(64 * 128 + 1, 0).offsets, 3 * 4);
}

}  // namespace
}  // namespace kvroof
