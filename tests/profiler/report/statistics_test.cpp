// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace kvroof::measure {
namespace {

TEST(Statistics, OfAKnownSampleAreWhatTheBooksSay) {
  const std::vector<double> samples = {4, 1, 3, 2, 10};
  const traces::Statistics statistics = summarize(samples);
  EXPECT_EQ(statistics.count, 5);
  EXPECT_EQ(statistics.median_ns, 3);
  EXPECT_EQ(statistics.q1_ns, 2);
  EXPECT_EQ(statistics.q3_ns, 4);
  EXPECT_EQ(statistics.min_ns, 1);
  EXPECT_EQ(statistics.max_ns, 10);
  EXPECT_EQ(statistics.mean_ns, 4);
  EXPECT_DOUBLE_EQ(*statistics.stddev_ns, std::sqrt(50.0 / 4));
}

TEST(Statistics, OneSampleHasNoSpread) {
  const std::vector<double> one = {7};
  EXPECT_FALSE(summarize(one).stddev_ns);
  EXPECT_EQ(summarize(one).q1_ns, 7);
  EXPECT_EQ(summarize({}).count, 0);
  EXPECT_TRUE(std::isnan(median({})));
}

TEST(Statistics, LeaveThrottledSamplesOutUnlessAllAre) {
  const std::vector<double> samples = {1, 100, 2};
  const std::vector<std::int64_t> second = {1};
  const std::vector<std::int64_t> all = {0, 1, 2};
  EXPECT_EQ(summarize(samples, second).max_ns, 2);
  EXPECT_EQ(summarize(samples, all).count, 3);
}

/// p by trying every arrangement of the numbers 0 .. n + m - 1.
double p_by_enumeration(std::size_t n, std::size_t m, double superiority) {
  std::vector<bool> second(n + m, false);
  std::fill(second.end() - static_cast<std::ptrdiff_t>(m), second.end(), true);
  std::sort(second.begin(), second.end());
  const double wanted = std::abs(superiority - 0.5) - 1e-12;
  double extreme = 0;
  double total = 0;
  do {
    double wins = 0;
    double firsts = 0;
    for (const bool is_second : second) {
      wins += is_second ? firsts : 0;
      firsts += is_second ? 0 : 1;
    }
    extreme += std::abs(wins / static_cast<double>(n * m) - 0.5) >= wanted ? 1 : 0;
    total += 1;
  } while (std::next_permutation(second.begin(), second.end()));
  return extreme / total;
}

TEST(MannWhitney, TheExactProbabilityIsThatOfCountingAllArrangements) {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const std::size_t n = 1 + random() % 6;
    const std::size_t m = 1 + random() % 6;
    std::vector<double> all(n + m);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<double>(i);
    std::shuffle(all.begin(), all.end(), random);
    const std::span<const double> numbers(all);
    const RankTest test = mann_whitney(numbers.first(n), numbers.subspan(n));
    EXPECT_NEAR(test.p, p_by_enumeration(n, m, test.superiority), 1e-12) << n << " " << m;
  }
}

TEST(MannWhitney, GroupsThatDoNotOverlapGiveTheLeastP) {
  const std::vector<double> low = {1, 2, 3, 4};
  const std::vector<double> high = {5, 6, 7, 8};
  const RankTest test = mann_whitney(low, high);
  EXPECT_NEAR(test.p, 2.0 / 70, 1e-12);
  EXPECT_NEAR(test.least_p, test.p, 1e-12);
  EXPECT_EQ(test.superiority, 1);
  EXPECT_EQ(mann_whitney(high, low).superiority, 0);
}

TEST(MannWhitney, EqualNumbersTellNothing) {
  const std::vector<double> equal(30, 5.0);
  EXPECT_EQ(mann_whitney(equal, equal).p, 1);
  EXPECT_EQ(mann_whitney(equal, equal).superiority, 0.5);
  EXPECT_EQ(mann_whitney({}, equal).p, 1);
}

TEST(MannWhitney, TheNormalCurveIsCloseToTheExactOneWhereTheyMeet) {
  // The exact p of groups of 20, the largest that are counted, against the formula used beyond.
  std::mt19937 random(9);
  std::normal_distribution<double> normal;
  for (int round = 0; round < 200; ++round) {
    std::vector<double> first(20), second(20);
    for (double& x : first) x = normal(random);
    for (double& x : second) x = normal(random) + 0.5;
    const RankTest exact = mann_whitney(first, second);
    const double u = std::min(exact.superiority, 1 - exact.superiority) * 400;
    const double sigma = std::sqrt(20.0 * 20 * 41 / 12);
    const double by_hand = std::erfc((200 - u - 0.5) / sigma / std::sqrt(2.0));
    EXPECT_NEAR(exact.p, std::min(by_hand, 1.0), 0.005);
  }
}

TEST(MannWhitney, TiesAreCountedHalfAndNarrowTheSpread) {
  // Of the 9 pairs of {1,2,2} and {2,3,3} the second group wins 7 and ties 2.
  const std::vector<double> first = {1, 2, 2};
  const std::vector<double> second = {2, 3, 3};
  const RankTest test = mann_whitney(first, second);
  EXPECT_DOUBLE_EQ(test.superiority, 8.0 / 9);
  // Tie groups of 3 and 2: variance 9 / 12 (7 - (24 + 6) / 30) = 4.5; distance 8 - 4.5 - 0.5 = 3.
  EXPECT_NEAR(test.p, std::erfc(3 / std::sqrt(2 * 4.5)), 1e-12);
}

TEST(MannWhitney, AlikeGroupsAreCalledDifferentAsOftenAsTheLevelSays) {
  std::mt19937 random(11);
  std::lognormal_distribution<double> skewed(0, 1);
  int exact = 0;
  int normal = 0;
  constexpr int rounds = 2000;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> first(40), second(40);
    for (double& x : first) x = skewed(random);
    for (double& x : second) x = skewed(random);
    normal += mann_whitney(first, second).p <= 0.05 ? 1 : 0;
    exact += mann_whitney(std::span(first).first(10), std::span(second).first(10)).p <= 0.05;
  }
  // 5 % of 2000 is 100, four standard deviations are 39.
  EXPECT_LE(exact, 139);
  EXPECT_LE(normal, 139);
  EXPECT_GE(normal, 61);
}

}  // namespace
}  // namespace kvroof::measure
