// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/fidelity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "profiler/analysis/fidelity_report.hpp"

namespace kvroof::analysis {
namespace {

using prune::Rule;
using reference::Vector;

Vector vector(std::initializer_list<double> numbers) {
  Vector result(static_cast<Eigen::Index>(numbers.size()));
  Eigen::Index i = 0;
  for (const double number : numbers) result[i++] = number;
  return result;
}

CacheSource source_of(double outlier_strength, std::uint64_t seed = 1) {
  CacheSource source;
  source.synthetic.query_heads = 4;
  source.synthetic.kv_heads = 2;
  source.synthetic.kv_len = 512;
  source.synthetic.seed = seed;
  source.synthetic.outlier_strength = outlier_strength;
  return source;
}

std::vector<FidelityResult> measure(const CacheSource& source,
                                    std::vector<std::pair<SideRule, SideRule>> rules) {
  const inputs::KvTensors cache = load_cache(source);
  FidelityConfig config;
  config.rules = std::move(rules);
  config.formats = {Format::kLaneChunk, Format::kMustafarTiles, Format::kReducedChannels};
  return measure_fidelity(cache, load_queries(source, cache, 32, 4), config, [] { return true; });
}

constexpr SideRule kDense{Rule::kNone, 0};

TEST(CompareQuery, finds_no_difference_between_equal_attentions) {
  const Vector weights = vector({0.5, 0.25, 0.25});
  const Fidelity same = compare_query(weights, weights, vector({1, 2}), vector({1, 2}), 0.9);
  EXPECT_EQ(same.output_relative_error, 0);
  EXPECT_NEAR(same.output_cosine, 1, 1e-15);
  EXPECT_EQ(same.attention_kl, 0);
  EXPECT_EQ(same.attention_top_p_recall, 1);
}

TEST(CompareQuery, agrees_with_figures_worked_out_by_hand) {
  const Fidelity one = compare_query(vector({0.5, 0.3, 0.2, 0}), vector({0.25, 0.25, 0.3, 0.2}),
                                     vector({3, 4}), vector({4, 3}), 0.8);
  EXPECT_DOUBLE_EQ(one.output_relative_error, std::sqrt(2.0) / 5);
  EXPECT_DOUBLE_EQ(one.output_cosine, 24.0 / 25);
  EXPECT_DOUBLE_EQ(one.attention_kl,
                   0.5 * std::log(2.0) + 0.3 * std::log(1.2) + 0.2 * std::log(2.0 / 3));
  EXPECT_DOUBLE_EQ(one.attention_top_p_recall, 0.5);  // {0, 1} against {2, 0}
}

TEST(CompareQuery, says_that_NaN_cannot_be_compared) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Fidelity one =
      compare_query(vector({nan, nan}), vector({1, 0}), vector({nan}), vector({1}), 0.9);
  EXPECT_TRUE(std::isnan(one.output_relative_error));
  EXPECT_TRUE(std::isnan(one.attention_kl));
  EXPECT_TRUE(std::isnan(one.attention_top_p_recall));
}

TEST(CompareQuery, takes_outputs_of_zero) {
  const Vector weights = vector({1});
  EXPECT_EQ(compare_query(weights, weights, vector({0}), vector({0}), 0.9).output_relative_error,
            0);
  EXPECT_EQ(compare_query(weights, weights, vector({0}), vector({0}), 0.9).output_cosine, 1);
  EXPECT_TRUE(std::isinf(
      compare_query(weights, weights, vector({0}), vector({2}), 0.9).output_relative_error));
}

TEST(Fidelity, of_a_cache_that_is_not_pruned_is_perfect) {
  const FidelityResult result = measure(source_of(1), {{kDense, kDense}}).front();
  EXPECT_EQ(result.overall.output_relative_error, 0);
  EXPECT_EQ(result.overall.attention_kl, 0);
  EXPECT_EQ(result.overall.attention_top_p_recall, 1);
  EXPECT_EQ(result.kept_keys, 1);
  ASSERT_EQ(result.sizes.size(), 1u);
  EXPECT_EQ(result.sizes.front().keys.total(), 2 * 512 * 128 * 2);
}

TEST(Fidelity, of_pruned_values_leaves_the_attention_alone) {
  const FidelityResult result =
      measure(source_of(1), {{kDense, {Rule::kPerTokenMagnitude, 0.5}}}).front();
  EXPECT_EQ(result.overall.attention_kl, 0);
  EXPECT_GT(result.overall.output_relative_error, 0.01);
  EXPECT_EQ(result.kept_values, 0.5);
}

// The claim behind unstructured pruning, on keys with the outlier channels that papers report: at
// equal counts it loses less than whole channels, by every measure.
TEST(Fidelity, of_unstructured_keys_is_ahead_of_ThinK_where_there_are_outlier_channels) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    for (const double strength : {0.5, 1.0, 3.0}) {
      for (const double sparsity : {0.5, 0.7}) {
        const auto results = measure(
            source_of(strength, seed),
            {{{Rule::kPerTokenMagnitude, sparsity}, kDense}, {{Rule::kThink, sparsity}, kDense}});
        const Fidelity& unstructured = results[0].overall;
        const Fidelity& think = results[1].overall;
        EXPECT_EQ(results[0].num_kept_keys, results[1].num_kept_keys);
        EXPECT_LT(unstructured.output_relative_error, think.output_relative_error);
        EXPECT_GT(unstructured.output_cosine, think.output_cosine);
        EXPECT_LT(unstructured.attention_kl, think.attention_kl);
        EXPECT_GT(unstructured.attention_top_p_recall, think.attention_top_p_recall);
      }
    }
  }
}

TEST(Fidelity, overall_is_the_mean_of_the_heads) {
  const FidelityResult result =
      measure(source_of(1), {{{Rule::kPerTokenMagnitude, 0.7}, kDense}}).front();
  ASSERT_EQ(result.heads.size(), 2u);
  EXPECT_NE(result.heads[0].attention_kl, result.heads[1].attention_kl);
  EXPECT_NEAR(result.overall.attention_kl,
              (result.heads[0].attention_kl + result.heads[1].attention_kl) / 2, 1e-12);
}

TEST(Fidelity, does_not_depend_on_the_other_rules_of_the_call) {
  const std::pair<SideRule, SideRule> rules{{Rule::kThink, 0.5}, {Rule::kPerTokenMagnitude, 0.5}};
  const auto alone = measure(source_of(1), {rules});
  const auto among = measure(source_of(1), {{kDense, rules.second}, rules, {rules.first, kDense}});
  EXPECT_EQ(alone[0].overall.output_relative_error, among[1].overall.output_relative_error);
}

TEST(Fidelity, drops_formats_that_cannot_hold_the_masks) {
  const auto results = measure(
      source_of(1), {{{Rule::kPerTokenMagnitude, 0.5}, kDense}, {{Rule::kThink, 0.5}, kDense}});
  EXPECT_EQ(results[0].sizes.size(), 2u);
  EXPECT_EQ(results[1].sizes.size(), 3u);
}

TEST(Fidelity, of_a_cache_with_NaN_is_not_a_number_and_is_told_as_such) {
  const CacheSource source = source_of(1);
  inputs::KvTensors cache = load_cache(source);
  cache.keys[5] = std::numeric_limits<float>::quiet_NaN();  // of head 0
  FidelityConfig config;
  config.rules = {{{Rule::kPerTokenMagnitude, 0.5}, kDense}};
  config.formats = {Format::kLaneChunk};
  const auto results =
      measure_fidelity(cache, load_queries(source, cache, 4, 2), config, [] { return true; });
  EXPECT_TRUE(std::isnan(results[0].heads[0].attention_kl));
  EXPECT_TRUE(std::isfinite(results[0].heads[1].attention_kl));
}

TEST(Fidelity, ends_when_asked_to) {
  const CacheSource source = source_of(1);
  const inputs::KvTensors cache = load_cache(source);
  FidelityConfig config;
  config.rules = {{kDense, kDense}};
  EXPECT_TRUE(measure_fidelity(cache, load_queries(source, cache, 1, 1), config, [] {
                return false;
              }).empty());
}

TEST(SideRules, give_NM_rules_a_half_only_and_no_rule_no_sparsity) {
  const std::vector<Rule> rules = {Rule::kNone, Rule::kTwoOfFour, Rule::kThink};
  EXPECT_EQ(side_rules(Operand::kKeys, rules, 0.7),
            (std::vector<SideRule>{{Rule::kNone, 0}, {Rule::kThink, 0.7}}));
  EXPECT_EQ(side_rules(Operand::kKeys, rules, 0.5).size(), 3u);
  EXPECT_THROW(side_rules(Operand::kKeys, {Rule::kPerChannelMagnitude}, 0.5),
               std::invalid_argument);
}

TEST(FidelityRecords, hold_what_the_chart_needs) {
  const CacheSource source = source_of(1);
  const auto results = measure(source, {{{Rule::kPerTokenMagnitude, 0.5}, kDense}});
  const FidelitySetting setting{.source = source,
                                .config = {},
                                .batch = 1,
                                .query_heads = 4,
                                .kv_heads = 2,
                                .kv_len = 512,
                                .head_dim = 128};
  const auto records = fidelity_records(results, setting);
  ASSERT_EQ(records.size(), 2u);
  const traces::Record& record = records.front();
  EXPECT_EQ(record.problem.keys.rule, "per_token_magnitude");
  EXPECT_EQ(record.problem.keys.format, "lane_chunk");
  EXPECT_EQ(record.problem.values.format, "dense");
  EXPECT_EQ(record.problem.keys.effective_sparsity, 0.5);
  EXPECT_EQ(record.problem.keys.kept, 2 * (448 * 64 + 64 * 128));
  EXPECT_EQ(record.bytes->dense, 2u * 2 * 512 * 128 * 2);
  EXPECT_EQ(record.fidelity.at("output_cosine").value, results[0].overall.output_cosine);
  EXPECT_EQ(record.fidelity.at("output_cosine_head_1").value, results[0].heads[1].output_cosine);
  const report::Table table = fidelity_table(results, setting, false);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(std::get<double>(table.rows[0][7]),
            static_cast<double>(traces::compressed_bytes(*record.bytes)) / 512);
}

}  // namespace
}  // namespace kvroof::analysis
