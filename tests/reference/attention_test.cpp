// SPDX-License-Identifier: Apache-2.0
#include "reference/attention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace kvroof::reference {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Case {
  Matrix keys, values, queries;
  Mask key_mask, value_mask;
  double scale = 1.0;

  Case(Eigen::Index tokens, Eigen::Index channels, Eigen::Index group, std::uint64_t seed)
      : key_mask(Mask::Constant(tokens, channels, true)), value_mask(key_mask) {
    std::mt19937_64 rng(seed);
    std::normal_distribution<double> normal;
    const auto draw = [&] { return normal(rng); };
    keys = Matrix::NullaryExpr(tokens, channels, draw);
    values = Matrix::NullaryExpr(tokens, channels, draw);
    queries = Matrix::NullaryExpr(group, channels, draw);
  }

  AttentionResult run() const {
    return attention({keys, values, key_mask, value_mask, queries, scale});
  }
};

TEST(Attention, agrees_with_a_case_done_by_hand) {
  Case c(2, 2, 1, 0);
  c.keys << 1, 0, 0, 1;
  c.values << 10, 20, 30, 40;
  c.queries << std::log(3.0), 0;  // scores ln 3 and 0: weights 3/4 and 1/4
  const AttentionResult r = c.run();
  EXPECT_NEAR(r.outputs(0, 0), 15.0, 1e-12);
  EXPECT_NEAR(r.outputs(0, 1), 25.0, 1e-12);
  EXPECT_NEAR(r.lse[0], std::log(4.0), 1e-14);
}

TEST(Attention, scale_multiplies_the_scores) {
  Case a(17, 6, 3, 1), b = a;
  a.scale = 0.25;
  b.queries *= 0.25;
  EXPECT_TRUE(a.run().outputs.isApprox(b.run().outputs, 1e-14));
  EXPECT_TRUE(a.run().lse.isApprox(b.run().lse, 1e-14));
}

TEST(Attention, pruned_entries_count_as_zero_whatever_they_hold) {
  Case a(9, 4, 2, 2), b = a;
  a.key_mask(3, 1) = a.key_mask(8, 0) = a.value_mask(0, 2) = a.value_mask(7, 3) = false;
  a.keys(3, 1) = kNan;
  a.keys(8, 0) = kInf;
  a.values(0, 2) = kNan;
  b.keys(3, 1) = b.keys(8, 0) = b.values(0, 2) = b.values(7, 3) = 0.0;
  EXPECT_TRUE(a.run().outputs.allFinite());
  EXPECT_EQ(a.run().outputs, b.run().outputs);
  EXPECT_EQ(a.run().lse, b.run().lse);
}

TEST(Attention, order_of_tokens_does_not_matter) {
  Case a(33, 5, 2, 3), b = a;
  b.keys = a.keys.colwise().reverse().eval();
  b.values = a.values.colwise().reverse().eval();
  EXPECT_TRUE(a.run().outputs.isApprox(b.run().outputs, 1e-13));
  EXPECT_FALSE(a.keys.isApprox(b.keys));
}

TEST(Attention, empty_sequence_gives_zero_and_minus_infinity) {
  const AttentionResult r = Case(0, 4, 3, 4).run();
  ASSERT_EQ(r.outputs.rows(), 3);
  EXPECT_TRUE((r.outputs.array() == 0.0).all());
  EXPECT_TRUE((r.lse.array() == -kInf).all());
}

TEST(Attention, one_token_is_returned_unchanged) {
  Case c(1, 4, 2, 5);
  const AttentionResult r = c.run();
  EXPECT_EQ(r.outputs.row(0), c.values.row(0));
  EXPECT_NEAR(r.lse[1], c.keys.row(0).dot(c.queries.row(1)), 1e-14);
}

TEST(Attention, token_without_a_kept_key_has_score_zero) {
  Case c(1, 4, 1, 6);
  c.key_mask.setConstant(false);
  EXPECT_EQ(c.run().lse[0], 0.0);
}

TEST(Attention, huge_scores_do_not_overflow) {
  Case c(3, 1, 1, 7);
  c.keys << 60000, 59999, -60000;
  c.values << 1, 2, 3;
  c.queries << 60000;
  const AttentionResult r = c.run();
  EXPECT_EQ(r.outputs(0, 0), 1.0);
  EXPECT_EQ(r.lse[0], 3.6e9);
}

TEST(Attention, nan_in_a_key_spoils_every_query_that_reads_it_and_no_value) {
  Case c(6, 3, 2, 8);
  c.keys(4, 1) = kNan;
  const AttentionResult r = c.run();
  EXPECT_TRUE(r.outputs.array().isNaN().all());
  EXPECT_TRUE(r.lse.array().isNaN().all());
}

TEST(Attention, nan_in_one_query_spoils_that_query_only) {
  Case c(6, 3, 2, 9);
  c.queries(0, 2) = kNan;
  const AttentionResult r = c.run();
  EXPECT_TRUE(r.outputs.row(0).array().isNaN().all());
  EXPECT_TRUE(r.outputs.row(1).allFinite());
  EXPECT_TRUE(std::isfinite(r.lse[1]));
}

TEST(Attention, nan_in_a_value_spoils_its_channel_only) {
  Case c(6, 3, 2, 10);
  c.values(5, 1) = kNan;
  const AttentionResult r = c.run();
  EXPECT_TRUE(r.outputs.col(1).array().isNaN().all());
  EXPECT_TRUE(r.outputs.col(0).allFinite());
  EXPECT_TRUE(r.outputs.col(2).allFinite());
  EXPECT_TRUE(r.lse.allFinite());
}

TEST(Attention, score_of_plus_infinity_gives_nan) {
  Case c(3, 1, 1, 11);
  c.keys << 1, kInf, 2;
  c.queries << 1;
  const AttentionResult r = c.run();
  EXPECT_TRUE(std::isnan(r.outputs(0, 0)));
  EXPECT_TRUE(std::isnan(r.lse[0]));
}

TEST(Attention, score_of_minus_infinity_has_no_weight) {
  Case c(3, 1, 1, 12);
  c.keys << 1, -kInf, 1;
  c.values << 2, 100, 4;
  c.queries << 1;
  const AttentionResult r = c.run();
  EXPECT_NEAR(r.outputs(0, 0), 3.0, 1e-15);
  EXPECT_NEAR(r.lse[0], 1.0 + std::log(2.0), 1e-15);
}

TEST(Attention, only_scores_of_minus_infinity_are_like_no_token) {
  Case c(2, 1, 1, 13);
  c.keys << -kInf, -kInf;
  c.queries << 1;
  EXPECT_EQ(c.run().outputs(0, 0), 0.0);
  EXPECT_EQ(c.run().lse[0], -kInf);
}

TEST(Attention, shapes_that_disagree_are_named) {
  Case c(4, 3, 2, 14);
  c.key_mask = Mask::Constant(5, 3, true);
  EXPECT_THAT([&] { c.run(); }, ThrowsMessage<std::invalid_argument>(
                                    HasSubstr("key_mask is [5, 3], the keys are [4, 3]")));
  Case d(4, 3, 2, 15);
  d.queries = Matrix::Zero(2, 4);
  EXPECT_THAT([&] { d.run(); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("queries have 4 channels")));
}

}  // namespace
}  // namespace kvroof::reference
