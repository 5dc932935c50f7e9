// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/suite_sample.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "profiler/validate/method.hpp"

namespace kvroof::validate {
namespace {

using prune::Rule;

/// Windows 0 to 3, 0 to 2 sinks, 0 to 3 blocks, of which `possible` says which go together.
std::vector<Case> sample_of(const std::function<bool(Case&)>& possible) {
  std::vector<Property> properties(3);
  for (int i = 0; i < 4; ++i) properties[0].push_back([i](Case& one) { one.window = i; });
  for (int i = 0; i < 3; ++i) properties[1].push_back([i](Case& one) { one.sinks = i; });
  for (int i = 0; i < 4; ++i) properties[2].push_back([i](Case& one) { one.blocks = i; });
  return pairwise_sample(Case{}, properties, possible);
}

using Pair = std::tuple<int, int, int>;  // which two, and their values
std::set<Pair> pairs_of(const std::vector<Case>& cases) {
  std::set<Pair> pairs;
  for (const Case& one : cases) {
    pairs.insert({0, one.window, one.sinks});
    pairs.insert({1, one.window, one.blocks});
    pairs.insert({2, one.sinks, one.blocks});
  }
  return pairs;
}

TEST(PairwiseSample, has_every_pair_in_far_fewer_cases_than_the_product) {
  const std::vector<Case> cases = sample_of([](Case&) { return true; });
  EXPECT_EQ(pairs_of(cases).size(), 4u * 3 + 4 * 4 + 3 * 4);
  EXPECT_LT(cases.size(), 24u);  // of 48; 16 at least
}

TEST(PairwiseSample, has_every_pair_that_goes_together_and_no_other) {
  const auto possible = [](Case& one) {
    if (one.blocks == 3) one.window = 2;  // not heeded
    return one.window + one.sinks != 3;
  };
  std::vector<Case> all;
  for (int i = 0; i < 4 * 3 * 4; ++i) {
    Case one;
    one.window = i % 4;
    one.sinks = i / 4 % 3;
    one.blocks = i / 12;
    if (possible(one)) all.push_back(one);
  }
  EXPECT_EQ(pairs_of(sample_of(possible)), pairs_of(all));
}

TEST(PairwiseSample, is_the_same_every_time) { EXPECT_EQ(sampled_cases(), sampled_cases()); }

class SampledCases : public ::testing::Test {
 protected:
  template <class Predicate>
  ::testing::AssertionResult any(const Predicate& predicate) const {
    if (std::any_of(cases_.begin(), cases_.end(), predicate)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "no such case";
  }
  const std::vector<Case>& cases_ = sampled_cases();
};

TEST_F(SampledCases, pair_every_rule_of_keys_with_every_rule_of_values) {
  for (const Rule key : prune::rules_of(Operand::kKeys)) {
    for (const Rule value : prune::rules_of(Operand::kValues)) {
      EXPECT_TRUE(any([&](const Case& c) { return c.key_rule == key && c.value_rule == value; }))
          << to_string(key) << ", " << to_string(value);
    }
  }
}

TEST_F(SampledCases, pair_the_methods_of_any_rule_with_every_rule_and_sinks) {
  for (const char* method : {"lane_chunk", "mustafar"}) {
    for (const Operand side : {Operand::kKeys, Operand::kValues}) {
      for (const Rule rule : prune::rules_of(side)) {
        EXPECT_TRUE(any([&](const Case& c) { return c.method == method && c.rule(side) == rule; }))
            << method << ", " << to_string(rule);
        EXPECT_TRUE(any([&](const Case& c) { return c.sinks > 0 && c.rule(side) == rule; }))
            << "sinks, " << to_string(rule);
      }
    }
  }
}

TEST_F(SampledCases, pair_every_method_with_every_group_it_serves) {
  for (const Method& method : methods()) {
    for (const int group : {1, 3, 4, 5, 6, 7, 8, 11, 16}) {
      Case one;
      one.method = method.name;
      one.kv_heads = 1;
      one.query_heads = group;
      one = method.heeded(one);
      try {
        method.resources(one, h200_device_info());
      } catch (const std::invalid_argument&) {
        continue;  // not served
      }
      EXPECT_TRUE(any([&](const Case& c) {
        return c.method == method.name && c.query_heads / c.kv_heads == group;
      })) << method.name
          << ", " << group;
    }
  }
}

TEST_F(SampledCases, have_extremes_of_sparsity_with_every_rule_and_a_cache_that_grows) {
  for (const Rule rule : prune::rules_of(Operand::kValues)) {
    for (const double sparsity : {0.0, 0.99}) {
      EXPECT_TRUE(any([&](const Case& c) {
        return c.value_rule == rule &&
               c.requested_value_sparsity.value_or(c.requested_sparsity) == sparsity;
      })) << to_string(rule)
          << ", " << sparsity;
    }
  }
  EXPECT_TRUE(any([](const Case& c) { return c.appended == 70 && c.batch > 1; }));
}

}  // namespace
}  // namespace kvroof::validate
