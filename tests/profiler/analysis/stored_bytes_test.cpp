// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/stored_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace kvroof::analysis {
namespace {

using prune::Rule;
using reference::Mask;
using reference::Matrix;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr DenseTokens kNoDense{.sinks = 0, .window = 0};

Matrix gaussian(Eigen::Index rows, Eigen::Index cols) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  Matrix matrix(rows, cols);
  for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = normal(random);
  return matrix;
}

/// Bytes as a share of the dense ones.
std::optional<double> share(Format format, const SideRule& rule, Operand side, const Matrix& rows,
                            const DenseTokens& dense = kNoDense) {
  const Scoring scoring{Matrix::Ones(1, rows.cols()), reference::Vector::Ones(rows.rows())};
  const Mask mask = prune_head(rule, side, rows, scoring, dense);
  const auto bytes = stored_bytes(format, rule, side, mask, dense);
  if (!bytes) return std::nullopt;
  return static_cast<double>(bytes->total()) / (2.0 * static_cast<double>(rows.size()));
}

TEST(StoredBytes, of_exact_k_rows_are_the_share_of_k_and_one_bit_per_element) {
  const Matrix rows = gaussian(256, 128);
  EXPECT_DOUBLE_EQ(
      *share(Format::kExactRows, {Rule::kPerTokenMagnitude, 0.5}, Operand::kKeys, rows), 0.5625);
  EXPECT_DOUBLE_EQ(
      *share(Format::kExactRows, {Rule::kPerTokenMagnitude, 0.7}, Operand::kKeys, rows), 0.375);
  EXPECT_DOUBLE_EQ(*share(Format::kNOfM, {Rule::kTwoOfFour, 0.5}, Operand::kKeys, rows), 0.5625);
}

// Sizes of the published format with the published rule: 65.7 % and 46.2 % of dense, simulated
// with its rules on Gaussian data.
TEST(StoredBytes, of_the_published_tiles_and_rule_are_those_published) {
  const Matrix rows = gaussian(4096, 128);
  for (const Operand side : {Operand::kKeys, Operand::kValues}) {
    EXPECT_NEAR(*share(Format::kMustafarTiles, {Rule::kPublished, 0.5}, side, rows), 0.657, 0.002);
    EXPECT_NEAR(*share(Format::kMustafarTiles, {Rule::kPublished, 0.7}, side, rows), 0.462, 0.002);
  }
}

TEST(StoredBytes, of_tiles_count_padding_bitmaps_and_offsets_by_hand) {
  Mask mask = Mask::Constant(64, 128, false);
  mask.topLeftCorner(9, 1).setConstant(true);  // one key tile of 9: 7 elements of padding
  const auto keys =
      *stored_bytes(Format::kMustafarTiles, {Rule::kThink, 0.5}, Operand::kKeys, mask, kNoDense);
  EXPECT_EQ(keys.values, 18);
  EXPECT_EQ(keys.padding, 14);
  EXPECT_EQ(keys.bitmaps, 128 * 8);
  EXPECT_EQ(keys.indices, 128 * 4 + 8);
  const auto values = *stored_bytes(Format::kMustafarTiles, {Rule::kThink, 0.5}, Operand::kValues,
                                    mask, kNoDense);  // nine tiles of 1
  EXPECT_EQ(values.padding, 9 * 14);
}

// The same models as kvroof formats shows: 4 bytes of column, and 2 of place in Flash-LLM's.
TEST(StoredBytes, of_other_formats_are_their_models) {
  const Matrix rows = gaussian(128, 128);
  const SideRule half{Rule::kPerTokenMagnitude, 0.5};
  EXPECT_DOUBLE_EQ(*share(Format::kCsr, half, Operand::kKeys, rows),
                   (128 * 64 * 6 + 129 * 4) / (2.0 * 128 * 128));
  EXPECT_DOUBLE_EQ(*share(Format::kFlashLlm, half, Operand::kKeys, rows),
                   (128 * 64 * 4 + 3 * 4) / (2.0 * 128 * 128));
}

TEST(StoredBytes, of_lane_chunks_are_those_of_the_kernels_format) {
  const Matrix rows = gaussian(256, 128);
  const double dense = 64 * 128 * 2;
  EXPECT_DOUBLE_EQ(
      *share(Format::kLaneChunk, {Rule::kPerTokenMagnitude, 0.5}, Operand::kKeys, rows),
      static_cast<double>(lane_chunk::chunk_bytes(128, 64)) / dense);
}

TEST(StoredBytes, of_whole_channels_are_the_channels_and_a_list_of_them) {
  const Matrix rows = gaussian(128, 128);
  EXPECT_DOUBLE_EQ(*share(Format::kReducedChannels, {Rule::kThink, 0.5}, Operand::kValues, rows),
                   0.5 + 64 * 4.0 / (128 * 256));
}

TEST(StoredBytes, are_nothing_where_a_format_cannot_hold_the_mask) {
  const Matrix rows = gaussian(128, 128);
  const SideRule per_channel{Rule::kPerChannelMagnitude, 0.5};
  EXPECT_FALSE(share(Format::kLaneChunk, per_channel, Operand::kValues, rows));
  EXPECT_FALSE(share(Format::kReducedChannels, per_channel, Operand::kValues, rows));
  EXPECT_FALSE(share(Format::kNOfM, per_channel, Operand::kValues, rows));
  EXPECT_TRUE(share(Format::kVariableRows, per_channel, Operand::kValues, rows));
  EXPECT_FALSE(share(Format::kMustafarTiles, {Rule::kPerTokenMagnitude, 0.5}, Operand::kValues,
                     gaussian(64, 96)));
  EXPECT_FALSE(share(Format::kExactRows, per_channel, Operand::kValues, rows));
  EXPECT_FALSE(share(Format::kTwoFour, {Rule::kTwoOfFour, 0.5}, Operand::kValues, rows));
  EXPECT_TRUE(share(Format::kTwoFour, {Rule::kTwoOfFour, 0.5}, Operand::kKeys, rows));
  EXPECT_TRUE(share(Format::kTwoFour, {Rule::kTwoOfFourTokens, 0.5}, Operand::kValues, rows));
}

TEST(StoredBytes, count_dense_tokens_whole_in_every_format) {
  const Matrix rows = gaussian(100, 128);
  for (const Format format : all_formats()) {
    const auto dense_share =
        share(format, {Rule::kTwoOfFour, 0.5}, Operand::kKeys, rows, {.sinks = 4, .window = 64});
    EXPECT_DOUBLE_EQ(dense_share.value_or(1.0), 1.0) << to_string(format);
  }
  const Mask mask = Mask::Constant(100, 128, true);
  const auto bytes = *stored_bytes(Format::kDense, {Rule::kNone, 0}, Operand::kKeys, mask,
                                   {.sinks = 4, .window = 32});
  EXPECT_EQ(bytes.window, 36 * 256);
  EXPECT_EQ(bytes.values, 64 * 256);
}

TEST(Formats, are_found_by_their_names) {
  for (const Format format : all_formats()) EXPECT_EQ(format_named(to_string(format)), format);
  EXPECT_THAT([] { format_named("zip"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("no format \"zip\"; there are dense, "
                                                             "exact_rows")));
}

}  // namespace
}  // namespace kvroof::analysis
