// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/case.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <set>

#include "profiler/validate/method.hpp"

namespace kvroof::validate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

void refused(const char* sentence, const std::function<void(Case&)>& spoil) {
  Case one;
  spoil(one);
  EXPECT_THAT([&] { check(one); }, ThrowsMessage<std::invalid_argument>(HasSubstr(sentence)));
}

TEST(Case, that_makes_no_sense_is_refused_with_a_sentence) {
  constexpr int most = std::numeric_limits<int>::max();
  refused("batch must be positive, got 0", [](Case& c) { c.batch = 0; });
  refused("kv heads (0)", [](Case& c) { c.kv_heads = 0; });
  refused("query heads (0)", [](Case& c) { c.query_heads = 0; });
  refused("query heads (31) must be a positive multiple", [](Case& c) { c.query_heads = 31; });
  refused("head_dim must be positive, got -1", [](Case& c) { c.head_dim = -1; });
  refused("one per sequence (1), got 0", [](Case& c) { c.kv_lengths = {}; });
  refused("one per sequence (3), got 2", [](Case& c) {
    c.batch = 3;
    c.kv_lengths = {1, 2};
  });
  refused("kv_len must not be negative, got -1", [](Case& c) { c.kv_lengths = {-1}; });
  refused("there is no token", [](Case& c) { c.kv_lengths = {0}; });
  refused("there is no token", [](Case& c) {
    c.batch = 2;
    c.kv_lengths = {0, 0};
  });
  refused("window must be 0 to", [](Case& c) { c.window = -1; });
  refused("window must be 0 to", [](Case& c) { c.window = most; });
  refused("blocks must be 0 to 65535, got -1", [](Case& c) { c.blocks = -1; });
  refused("got 65536", [](Case& c) { c.blocks = 65536; });
  refused("kept must be 1 to head_dim (128), got 0", [](Case& c) { c.kept_keys = 0; });
  refused("got 129", [](Case& c) { c.kept_values = 129; });
  refused("sinks must not be negative, got -1", [](Case& c) { c.sinks = -1; });
  refused("appended tokens must not be negative, got -1", [](Case& c) { c.appended = -1; });
  refused("5 tokens of every sequence are appended, the shortest has 0", [](Case& c) {
    c.batch = 2;
    c.kv_lengths = {0, 9};
    c.appended = 5;
  });
  using prune::Rule;
  refused("per_channel_magnitude is no rule for keys",
          [](Case& c) { c.key_rule = Rule::kPerChannelMagnitude; });
  refused("per_token_output_aware is no rule for values",
          [](Case& c) { c.value_rule = Rule::kPerTokenOutputAware; });
  refused("without a rule all 128 channels of the keys are kept, got 64",
          [](Case& c) { c.key_rule = Rule::kNone; });
  refused("published keeps at least 2 of a row, got 1 for the values", [](Case& c) {
    c.value_rule = Rule::kPublished;
    c.kept_values = 1;
  });
  refused("kept 63 of the values, a multiple of 4 is needed", [](Case& c) {
    c.value_rule = Rule::kPerChannelMagnitude;
    c.kept_values = 63;
  });
  refused("4:8 keeps a half, 64 of 128 channels, got 96 for the keys", [](Case& c) {
    c.key_rule = Rule::kFourOfEight;
    c.kept_keys = 96;
  });
}

TEST(Case, has_a_sparsity_for_keys_and_one_for_values) {
  Case one;
  one.value_rule = prune::Rule::kPerChannelMagnitude;
  set_sparsity(one, Operand::kKeys, 0.7);
  set_sparsity(one, Operand::kValues, 0.5);
  EXPECT_EQ(one.kept_keys, 40);
  EXPECT_EQ(one.kept_values, 64);
  EXPECT_EQ(one.requested_sparsity, 0.7);
  EXPECT_EQ(one.requested_value_sparsity, 0.5);
  const auto kept = kept_count(one.value_rule, one.head_dim, one.kept_values);
  EXPECT_EQ(kept, (prune::KeptCount{16, 32}));
  set_sparsity(one, Operand::kKeys, 0.5);
  EXPECT_EQ(one.requested_value_sparsity, std::nullopt);
  EXPECT_NO_THROW(check(one));
}

TEST(Case, with_one_length_gives_it_to_every_sequence) {
  Case one;
  one.batch = 3;
  one.kv_lengths = {7};
  check(one);
  EXPECT_EQ(one.kv_length(2), 7);
  one.kv_lengths = {0, 9, 4};
  check(one);
  EXPECT_EQ(one.kv_length(0), 0);
  EXPECT_EQ(one.max_kv_len(), 9);
}

TEST(Case, counts_the_memory_it_needs_without_overflow) {
  Case one;
  EXPECT_GT(host_bytes(one), 2.0 * 8 * 4096 * 128 * 6);
  EXPECT_LT(host_bytes(one), 1e9);
  one.batch = one.kv_heads = one.query_heads = one.head_dim = std::numeric_limits<int>::max();
  one.kv_lengths = {std::numeric_limits<int>::max()};
  EXPECT_GT(host_bytes(one), 1e37);
}

std::vector<std::string> lines(Suite suite, std::string_view method = "lane_chunk") {
  std::vector<std::string> result;
  for (const Case& one : suite_cases(suite)) {
    if (one.method == method) result.push_back(describe(one));
  }
  return result;
}

TEST(SmokeSuite, is_this_fixed_list) {
  EXPECT_THAT(lines(Suite::kSmoke),
              ElementsAre("1 x 8/2 heads x 1 tokens x 128, window 32, kept 64/64, f16",
                          "1 x 8/2 heads x 32 tokens x 128, window 32, kept 64/64, f16",
                          "1 x 8/2 heads x 96 tokens x 128, window 32, kept 64/64, f16",
                          "1 x 8/2 heads x 97 tokens x 128, window 32, kept 64/64, f16",
                          "1 x 8/2 heads x 200 tokens x 128, window 32, kept 64/64, f16",
                          "1 x 8/2 heads x 500 tokens x 128, window 32, kept 64/64, f16",
                          "1 x 8/2 heads x 300 tokens x 128, window 32, kept 40/40, f16",
                          "1 x 8/2 heads x 300 tokens x 128, window 32, kept 128/1, f16",
                          "1 x 8/2 heads x 300 tokens x 128, window 32, kept 1/128, f16",
                          "1 x 8/2 heads x 300 tokens x 128, window 32, kept 64/40, f16",
                          "1 x 1/1 heads x 300 tokens x 128, window 32, kept 64/64, f16",
                          "1 x 2/1 heads x 300 tokens x 128, window 32, kept 64/64, f16",
                          "1 x 8/1 heads x 300 tokens x 128, window 32, kept 64/64, f16",
                          "4 x 8/2 heads x 0,95,96,400 tokens x 128, window 32, kept 64/64, bf16",
                          "1 x 8/2 heads x 700 tokens x 128, window 0, kept 64/64, f16",
                          "1 x 8/2 heads x 300 tokens x 128, window 32, "
                          "per_token_output_aware/think, kept 64/40, f16",
                          "1 x 8/2 heads x 300 tokens x 128, window 32, think/4:8, kept 64/64, f16",
                          "1 x 8/2 heads x 300 tokens x 128, window 32, "
                          "published/per_channel_output_aware, kept 65/40, f16",
                          "1 x 8/2 heads x 300 tokens x 128, window 32, 4 sinks, "
                          "per_token_magnitude/per_channel_magnitude, kept 64/40, f16",
                          "2 x 8/2 heads x 97,200 tokens x 128, window 32, 70 appended, "
                          "kept 64/64, f16"));
  EXPECT_THAT(lines(Suite::kSmoke, "think"),
              ElementsAre("think, 1 x 8/2 heads x 300 tokens x 128, window 0, kept 40/89, f16",
                          "think, 1 x 8/2 heads x 300 tokens x 128, window 32, kept 40/40, f16",
                          "think, 1 x 8/2 heads x 300 tokens x 128, window 0, kept 64/65, f16",
                          "think, 1 x 8/2 heads x 300 tokens x 128, window 32, kept 64/64, f16"));
}

TEST(Suites, have_cases_of_every_method) {
  for (const Method& method : methods()) {
    EXPECT_FALSE(lines(Suite::kSmoke, method.name).empty()) << method.name;
    EXPECT_GE(lines(Suite::kFull, method.name).size(), 20u) << method.name;
  }
}

TEST(FullSuite, has_cases_that_all_make_sense) {
  const std::vector<Case> cases = suite_cases(Suite::kFull);
  std::set<std::uint64_t> seeds;
  for (const Case& one : cases) {
    EXPECT_NO_THROW(check(one)) << describe(one);
    EXPECT_TRUE(seeds.insert(one.seed).second) << "a seed twice: " << describe(one);
  }
}

TEST(FullSuite, has_llama_3_8b_at_50_and_70_percent_in_both_types) {
  const std::vector<std::string> all = lines(Suite::kFull);
  for (const char* line : {"1 x 32/8 heads x 4096 tokens x 128, window 32, kept 64/64, f16",
                           "1 x 32/8 heads x 4096 tokens x 128, window 32, kept 40/40, f16",
                           "1 x 32/8 heads x 4096 tokens x 128, window 32, kept 64/64, bf16",
                           "1 x 32/8 heads x 4096 tokens x 128, window 32, kept 40/40, bf16"}) {
    EXPECT_EQ(std::count(all.begin(), all.end(), line), 1) << line;
  }
}

}  // namespace
}  // namespace kvroof::validate
