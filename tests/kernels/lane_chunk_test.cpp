// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/lane_chunk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace kvroof::lane_chunk {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct Rows {
  std::vector<std::uint16_t> values;
  std::vector<std::uint8_t> mask;
};

/// Random 16-bit patterns, zeros and infinities among them; in every row `kept` random elements
/// survive.
Rows random_rows(int head_dim, int kept, unsigned seed) {
  std::mt19937 random(seed);
  Rows rows;
  for (int token = 0; token < kTokens; ++token) {
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(head_dim), 0);
    std::fill(mask.begin(), mask.begin() + kept, std::uint8_t{1});
    std::shuffle(mask.begin(), mask.end(), random);
    rows.mask.insert(rows.mask.end(), mask.begin(), mask.end());
    for (int channel = 0; channel < head_dim; ++channel) {
      rows.values.push_back(random() % 16 == 0 ? std::uint16_t{0}
                                               : static_cast<std::uint16_t>(random()));
    }
  }
  return rows;
}

std::vector<std::byte> encoded(Operand operand, int head_dim, int kept, const Rows& rows) {
  std::vector<std::byte> chunk(static_cast<std::size_t>(chunk_bytes(head_dim, kept)),
                               std::byte{0xee});
  encode(operand, head_dim, kept, rows.values, rows.mask, chunk);
  return chunk;
}

Rows decoded(Operand operand, int head_dim, int kept, std::span<const std::byte> chunk) {
  Rows rows{std::vector<std::uint16_t>(static_cast<std::size_t>(kTokens * head_dim), 0x7777),
            std::vector<std::uint8_t>(static_cast<std::size_t>(kTokens * head_dim), 7)};
  decode(operand, head_dim, kept, chunk, rows.values, rows.mask);
  return rows;
}

class LaneChunk : public ::testing::TestWithParam<std::tuple<Operand, int>> {
 protected:
  Operand operand() const { return std::get<0>(GetParam()); }
  int head_dim() const { return std::get<1>(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Shapes, LaneChunk,
                         ::testing::Combine(::testing::Values(Operand::kKeys, Operand::kValues),
                                            ::testing::Values(64, 128, 256)));

TEST_P(LaneChunk, gives_every_element_to_exactly_one_place) {
  std::set<std::pair<int, int>> seen;
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int tile = 0; tile < kTiles; ++tile) {
      for (int step = 0; step < steps(head_dim()); ++step) {
        for (int h = 0; h < 2; ++h) {
          for (int i = 0; i < kNibble; ++i) {
            const Element e = element(operand(), lane, tile, step, h, i);
            ASSERT_TRUE(e.token >= 0 && e.token < kTokens && e.channel >= 0 &&
                        e.channel < head_dim());
            ASSERT_TRUE(seen.emplace(e.token, e.channel).second) << e.token << ", " << e.channel;
          }
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kTokens * head_dim()));
}

TEST_P(LaneChunk, decodes_what_it_encoded_for_every_kept_count) {
  for (int kept = 1; kept <= head_dim(); kept += kept < 9 ? 1 : 13) {
    const Rows rows = random_rows(head_dim(), kept, static_cast<unsigned>(kept));
    const Rows back =
        decoded(operand(), head_dim(), kept, encoded(operand(), head_dim(), kept, rows));
    ASSERT_EQ(back.mask, rows.mask) << "kept " << kept;
    for (std::size_t i = 0; i < rows.values.size(); ++i) {
      ASSERT_EQ(back.values[i], rows.mask[i] != 0 ? rows.values[i] : 0)
          << "kept " << kept << ", element " << i;
    }
  }
}

TEST_P(LaneChunk, holds_masks_that_crowd_into_few_lanes) {
  for (const bool ascending : {true, false}) {  // the first, or the last, channels of every row
    const int kept = head_dim() / 4;
    Rows rows = random_rows(head_dim(), kept, 5);
    for (int token = 0; token < kTokens; ++token) {
      for (int channel = 0; channel < head_dim(); ++channel) {
        const bool survives = ascending ? channel < kept : channel >= head_dim() - kept;
        rows.mask[static_cast<std::size_t>(token * head_dim() + channel)] = survives ? 1 : 0;
      }
    }
    EXPECT_EQ(decoded(operand(), head_dim(), kept, encoded(operand(), head_dim(), kept, rows)).mask,
              rows.mask);
  }
}

TEST_P(LaneChunk, refuses_bytes_that_are_no_chunk) {
  const int kept = head_dim() / 2;
  const Rows rows = random_rows(head_dim(), kept, 3);
  const auto good = encoded(operand(), head_dim(), kept, rows);
  auto bad_header = good;
  bad_header[2 * 6] ^= std::byte{1};  // where the tail of lane 6 ends
  EXPECT_THAT([&] { decoded(operand(), head_dim(), kept, bad_header); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("the header gives lane 6")));
  auto bad_tail = good;
  bad_tail[2 * 2 + 1] ^= std::byte{0x10};  // the lowest bit of the longest tail's
  EXPECT_THAT([&] { decoded(operand(), head_dim(), kept, bad_tail); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("and a longest tail of")));
  auto bad_zeros = good;
  bad_zeros[kHeaderBytes - 1] ^= std::byte{0x10};
  EXPECT_THROW(decoded(operand(), head_dim(), kept, bad_zeros), std::invalid_argument);
  auto bad_bitmap = good;
  bad_bitmap[kHeaderBytes + 1] ^= std::byte{0x10};
  EXPECT_THROW(decoded(operand(), head_dim(), kept, bad_bitmap), std::invalid_argument);
  EXPECT_THAT([&] { decoded(operand(), head_dim(), kept, std::span(good).first(good.size() - 8)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("lane chunk: needs")));
}

TEST_P(LaneChunk, survives_random_bytes) {
  std::mt19937 random(11);
  const int kept = head_dim() / 2;
  std::vector<std::byte> noise(static_cast<std::size_t>(chunk_bytes(head_dim(), kept)));
  for (int round = 0; round < 50; ++round) {
    std::generate(noise.begin(), noise.end(), [&] { return static_cast<std::byte>(random()); });
    EXPECT_THROW(decoded(operand(), head_dim(), kept, noise), std::invalid_argument);
  }
}

TEST(LaneChunkBytes, add_up_to_the_chunk_and_come_near_the_ideal_row) {
  for (const int head_dim : {64, 128, 256}) {
    for (int kept = 1; kept <= head_dim; ++kept) {
      const Bytes bytes = count_bytes(head_dim, kept, 3);
      EXPECT_EQ(bytes.total(), 3 * chunk_bytes(head_dim, kept));
      EXPECT_EQ(bytes.values, 3 * 64 * kept * 2);
      EXPECT_EQ(bytes.bitmaps, 3 * 64 * head_dim / 8);
      EXPECT_GE(bytes.padding, 0);
      EXPECT_EQ(chunk_bytes(head_dim, kept) % 128, 0) << "bulk copies of other sizes are slower";
    }
  }
  const double dense = 64 * 128 * 2;
  EXPECT_NEAR(static_cast<double>(chunk_bytes(128, 64)) / dense, 0.5781, 5e-5);
  EXPECT_NEAR(static_cast<double>(chunk_bytes(128, 40)) / dense, 0.3906, 5e-5);
}

TEST(LaneChunkBytes, name_unsupported_shapes) {
  EXPECT_THAT([] { require_supported(96, 8); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("got 96")));
  EXPECT_THAT([] { require_supported(128, 0); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("got 0")));
  EXPECT_THAT([] { require_supported(128, 129); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("got 129")));
}

TEST(LaneChunkOrder, keeps_rope_partners_in_different_lanes) {
  // Channels c and c + 64 rotate together, so both tend to survive: no key lane should own both.
  for (int step = 0; step < 4; ++step) {
    for (int i = 0; i < kNibble; ++i) {
      for (int t = 0; t < 4; ++t) {
        const int partner = key_channel(t, step, i) + 64;
        EXPECT_NE(key_channel(t, step + 4, i), partner)
            << "t " << t << ", step " << step << ", element " << i;
      }
    }
  }
}

}  // namespace
}  // namespace kvroof::lane_chunk
