// SPDX-License-Identifier: Apache-2.0
#include "reference/prune.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace kvroof::reference {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Matrix rows(std::initializer_list<std::initializer_list<double>> list) {
  Matrix m(static_cast<Eigen::Index>(list.size()), static_cast<Eigen::Index>(list.begin()->size()));
  Eigen::Index r = 0;
  for (const auto& row : list) {
    Eigen::Index c = 0;
    for (const double x : row) m(r, c++) = x;
    ++r;
  }
  return m;
}

/// "1010|0101": one character per entry, rows separated.
std::string picture(const Mask& mask) {
  std::string text;
  for (Eigen::Index r = 0; r < mask.rows(); ++r) {
    if (r > 0) text += '|';
    for (Eigen::Index c = 0; c < mask.cols(); ++c) text += mask(r, c) ? '1' : '0';
  }
  return text;
}

Matrix random_rows(Eigen::Index tokens, Eigen::Index channels, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::normal_distribution<double> normal;
  return Matrix::NullaryExpr(tokens, channels, [&] { return normal(rng); });
}

TEST(Prune, per_token_keeps_the_largest_magnitudes_of_each_row) {
  EXPECT_EQ(picture(prune_per_token_magnitude(rows({{1, -5, 2, 3}, {-0.5, 0, 0.25, -4}}), 2)),
            "0101|1001");
}

TEST(Prune, per_token_gives_ties_to_the_lowest_channel) {
  EXPECT_EQ(picture(prune_per_token_magnitude(rows({{2, -2, 2, 2}, {0, 0, 0, 0}}), 2)),
            "1100|1100");
  EXPECT_EQ(picture(prune_per_token_magnitude(rows({{1, -2, 3, 2}}), 2)), "0110");
  EXPECT_EQ(picture(prune_per_token_magnitude(rows({{0.0, -0.0, 0.0}}), 1)), "100");
}

TEST(Prune, per_token_ranks_nan_above_infinity) {
  EXPECT_EQ(picture(prune_per_token_magnitude(rows({{kInf, 1, -kInf, kNan}}), 1)), "0001");
  EXPECT_EQ(picture(prune_per_token_magnitude(rows({{kInf, 1, -kInf, kNan}}), 2)), "1001");
  EXPECT_EQ(picture(prune_per_token_magnitude(rows({{kNan, kNan, kNan, kInf}}), 2)), "1100");
}

TEST(Prune, per_token_keeps_exactly_the_count_for_every_count) {
  Matrix m = random_rows(7, 33, 1);
  m = (m * 2.0).array().round() / 2.0;  // many ties
  for (std::int64_t kept = 1; kept <= 33; ++kept) {
    const Mask mask = prune_per_token_magnitude(m, kept);
    for (Eigen::Index t = 0; t < m.rows(); ++t) {
      ASSERT_EQ(mask.row(t).count(), kept);
      const double smallest_kept = mask.row(t).select(m.row(t).array().abs(), kInf).minCoeff();
      const double largest_lost = mask.row(t).select(-1.0, m.row(t).array().abs()).maxCoeff();
      ASSERT_GE(smallest_kept, largest_lost);
    }
  }
}

TEST(Prune, per_token_of_an_empty_cache_is_an_empty_mask) {
  const Mask mask = prune_per_token_magnitude(Matrix(0, 8), 3);
  EXPECT_EQ(mask.rows(), 0);
  EXPECT_EQ(mask.cols(), 8);
}

TEST(Prune, counts_out_of_range_are_named) {
  const Matrix m = random_rows(2, 8, 2);
  EXPECT_THAT(
      [&] { prune_per_token_magnitude(m, 0); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("kept must be in 1..8 channels, got 0")));
  EXPECT_THAT([&] { prune_per_token_magnitude(m, 9); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("got 9")));
  EXPECT_THAT([&] { prune_n_of_m(m, 2, 3); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("head_dim (8) must be a multiple")));
  EXPECT_THAT([&] { prune_n_of_m(m, 0, 0); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("N:M")));
  EXPECT_THAT([&] { prune_keys_output_aware(m, random_rows(1, 7, 3), 2); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("queries have 7 channels")));
  EXPECT_THAT([&] { prune_values_per_channel_output_aware(m, Vector::Ones(3), 1, 2); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("3 attention weights for 2 tokens")));
  EXPECT_THAT([&] { prune_per_token_published(m, 1.0); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("[0, 1), got 1")));
  EXPECT_THROW(prune_per_token_published(m, kNan), std::invalid_argument);
  EXPECT_THROW(with_dense_tokens(Mask(2, 8), -1, 0), std::invalid_argument);
}

TEST(Prune, published_rule_keeps_one_more_than_asked) {
  const Matrix m = random_rows(5, 128, 4);
  const std::vector<std::pair<double, Eigen::Index>> expected = {{0.0, 128}, {0.5, 65}, {0.7, 40},
                                                                 {0.8, 27},  {0.9, 14}, {0.99, 3}};
  for (const auto& [sparsity, kept] : expected) {
    const Mask mask = prune_per_token_published(m, sparsity);
    for (Eigen::Index t = 0; t < m.rows(); ++t) EXPECT_EQ(mask.row(t).count(), kept) << sparsity;
  }
}

TEST(Prune, published_rule_keeps_all_ties_and_loses_nan) {
  EXPECT_EQ(picture(prune_per_token_published(rows({{1, -2, 2, 2}}), 0.75)), "0111");
  EXPECT_EQ(picture(prune_per_token_published(rows({{kNan, 1, 2, 3}}), 0.5)), "0011");
  EXPECT_EQ(picture(prune_per_token_published(rows({{kNan, kNan, 2, 3}}), 0.75)), "0000");
}

TEST(Prune, output_aware_keys_follow_the_queries) {
  const Matrix keys = rows({{4, 3, 2, 1}, {1, 1, 1, 1}});
  // Sums of |Q|: 1, 1, 4, 6; scores 4 3 8 6 and 1 1 4 6.
  const Matrix queries = rows({{0.5, -1, 3, -2}, {-0.5, 0, -1, 4}});
  EXPECT_EQ(picture(prune_keys_output_aware(keys, queries, 2)), "0011|0011");
  EXPECT_EQ(picture(prune_keys_output_aware(keys, queries, 1)), "0010|0001");
}

TEST(Prune, output_aware_equals_magnitude_when_queries_are_even) {
  const Matrix keys = random_rows(9, 16, 5);
  EXPECT_EQ(picture(prune_keys_output_aware(keys, Matrix::Ones(3, 16), 5)),
            picture(prune_per_token_magnitude(keys, 5)));
}

TEST(Prune, per_channel_values_rank_tokens_within_a_group) {
  const Matrix values = rows({{1, 9}, {2, -8}, {-3, 7}, {4, 6}, {5, 5}});
  EXPECT_EQ(picture(prune_values_per_channel_magnitude(values, 1, 2)), "01|10|01|10|11");
  EXPECT_EQ(picture(prune_values_per_channel_magnitude(values, 2, 5)), "01|01|00|10|10");
}

TEST(Prune, per_channel_values_leave_an_unfinished_group_dense) {
  EXPECT_EQ(picture(prune_values_per_channel_magnitude(rows({{1}, {2}, {3}}), 1, 4)), "1|1|1");
}

TEST(Prune, output_aware_values_follow_the_attention_weights) {
  const Matrix values = rows({{1, 2}, {1, -3}, {4, 1}, {2, 1}});
  Vector weights(4);
  weights << 0.9, 0.05, 0.01, 0.04;  // scores: .9 1.8 / .05 .15 / .04 .01 / .08 .04
  EXPECT_EQ(picture(prune_values_per_channel_output_aware(values, weights, 1, 2)), "11|00|00|11");
  EXPECT_EQ(picture(prune_values_per_channel_output_aware(values, weights, 2, 4)), "11|01|00|10");
}

TEST(Prune, think_keys_keeps_the_same_channels_in_every_token) {
  const Matrix keys = rows({{1, 5, 2, 0}, {1, 0, 2, 3}});       // squares: 2 25 8 9
  const Matrix queries = rows({{5, 0.1, 2, 1}, {0, 0, 2, 1}});  // squares: 25 .01 8 2
  // Scores: 50 .25 64 18.
  EXPECT_EQ(picture(prune_keys_think(keys, queries, 1)), "0010|0010");
  EXPECT_EQ(picture(prune_keys_think(keys, queries, 3)), "1011|1011");
}

TEST(Prune, think_values_ignores_tokens_with_many_small_entries) {
  EXPECT_EQ(picture(prune_values_think(rows({{1, 0, 1}, {1, 0, 1}, {1, 2.5, 1}}), 1)),
            "010|010|010");
}

TEST(Prune, n_of_m_keeps_n_of_each_group) {
  EXPECT_EQ(picture(prune_n_of_m(rows({{1, -2, 3, 4, 9, 8, 7, 7}}), 2, 4)), "00111100");
  EXPECT_EQ(picture(prune_n_of_m(rows({{1, 1, 1, 1}}), 2, 4)), "1100");
}

TEST(Prune, dense_tokens_stay_whole_at_both_ends) {
  const Mask none = Mask::Constant(5, 2, false);
  EXPECT_EQ(picture(with_dense_tokens(none, 1, 2)), "11|00|00|11|11");
  EXPECT_EQ(picture(with_dense_tokens(none, 0, 0)), "00|00|00|00|00");
  EXPECT_EQ(picture(with_dense_tokens(none, 9, 0)), "11|11|11|11|11");
}

}  // namespace
}  // namespace kvroof::reference
