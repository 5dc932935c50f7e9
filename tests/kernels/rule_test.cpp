// SPDX-License-Identifier: Apache-2.0
#include "kernels/prune/rule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/format/kept.hpp"

namespace kvroof::prune {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

TEST(Rules, keep_what_the_papers_and_the_published_code_keep) {
  EXPECT_EQ(kept_count(Rule::kPerTokenMagnitude, 128, 0.5), (KeptCount{64, 128}));
  EXPECT_EQ(kept_count(Rule::kPerTokenMagnitude, 128, 0.7), (KeptCount{40, 128}));
  EXPECT_EQ(kept_count(Rule::kPublished, 128, 0.5), (KeptCount{65, 128}));
  EXPECT_EQ(kept_count(Rule::kPublished, 128, 0.7), (KeptCount{40, 128}));
  EXPECT_EQ(kept_count(Rule::kPublished, 128, 0.8), (KeptCount{27, 128}));
  EXPECT_EQ(kept_count(Rule::kPublished, 128, 0.9), (KeptCount{14, 128}));
  EXPECT_EQ(kept_count(Rule::kPublished, 128, 0.0), (KeptCount{128, 128}));
  EXPECT_EQ(kept_count(Rule::kPerChannelMagnitude, 128, 0.5), (KeptCount{16, 32}));
  EXPECT_EQ(kept_count(Rule::kPerChannelMagnitude, 128, 0.7), (KeptCount{10, 32}));
  EXPECT_EQ(kept_count(Rule::kThink, 128, 0.5), (KeptCount{64, 128}));
  EXPECT_EQ(kept_count(Rule::kTwoOfFour, 128, 0.9), (KeptCount{2, 4}));
  EXPECT_EQ(kept_count(Rule::kEightOfSixteen, 128, 0.9), (KeptCount{8, 16}));
  EXPECT_EQ(kept_count(Rule::kTwoOfFourTokens, 128, 0.5), (KeptCount{2, 4}));
  EXPECT_EQ(kept_count(Rule::kNone, 128, 0.9), (KeptCount{128, 128}));
}

TEST(Rules, keep_the_same_share_at_the_same_sparsity_within_rows_and_channels) {
  for (const int head_dim : {64, 128, 256}) {
    for (const double sparsity : {0.0, 0.1, 0.5, 0.7, 0.9, 0.99}) {
      const double share = kept_count(Rule::kPerTokenMagnitude, head_dim, sparsity).share();
      EXPECT_EQ(kept_count(Rule::kPerChannelOutputAware, head_dim, sparsity).share(), share);
      EXPECT_EQ(kept_count(Rule::kThink, head_dim, sparsity).share(), share);
    }
  }
}

TEST(Rules, are_found_by_their_names) {
  for (const Operand side : {Operand::kKeys, Operand::kValues})
    for (const Rule rule : rules_of(side)) EXPECT_EQ(rule_named(to_string(rule)), rule);
  EXPECT_THAT([] { rule_named("2:5"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("no pruning rule \"2:5\"; there are "
                                                             "none, per_token_magnitude")));
}

TEST(Rules, belong_to_keys_values_or_both) {
  EXPECT_THAT(rules_of(Operand::kKeys), Contains(Rule::kPerTokenOutputAware));
  EXPECT_THAT(rules_of(Operand::kValues), Not(Contains(Rule::kPerTokenOutputAware)));
  EXPECT_THAT(rules_of(Operand::kKeys), Not(Contains(Rule::kPerChannelMagnitude)));
  EXPECT_THAT(rules_of(Operand::kValues), Contains(Rule::kThink));
}

TEST(Rules, refuse_a_sparsity_out_of_range) {
  EXPECT_THROW(kept_count(Rule::kThink, 128, 1.0), std::invalid_argument);
  EXPECT_THROW(kept_count(Rule::kPublished, 128, -0.1), std::invalid_argument);
  EXPECT_THROW(kept_count(Rule::kThink, 100, 0.5), std::invalid_argument);
}

TEST(Rules, of_NM_have_a_half_only) {
  for (const Rule rule : all_rules()) {
    const bool half_only = to_string(rule).find(':') != std::string_view::npos;
    EXPECT_EQ(is_n_of_m(rule), half_only) << to_string(rule);
    EXPECT_EQ(has_sparsity(rule, 0.5), rule != Rule::kNone) << to_string(rule);
    EXPECT_EQ(has_sparsity(rule, 0.7), rule != Rule::kNone && !half_only) << to_string(rule);
  }
  EXPECT_NO_THROW(require_sparsity("--sparsity", Rule::kFourOfEight, 0.5));
  EXPECT_THAT([] { require_sparsity("--sparsity", Rule::kFourOfEight, 0.7); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("--sparsity: 4:8 prunes a half, sparsity 0.5, got 0.7")));
}

TEST(PrunableTokens, leave_the_window_in_groups_of_64) {
  EXPECT_EQ(prunable_tokens(0, 0, 0), 0);
  EXPECT_EQ(prunable_tokens(63, 0, 0), 0);
  EXPECT_EQ(prunable_tokens(64, 0, 0), 64);
  EXPECT_EQ(prunable_tokens(64, 1, 0), 0);
  EXPECT_EQ(prunable_tokens(65, 1, 0), 64);
  EXPECT_EQ(prunable_tokens(200, 4, 32), 128);
  EXPECT_EQ(prunable_tokens(10, 2147483647, 2147483647), 0);
}

}  // namespace
}  // namespace kvroof::prune
