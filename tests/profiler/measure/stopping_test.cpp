// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/stopping.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace kvroof::measure {
namespace {

const std::vector<double> kSteady(20, 100.0);
const std::vector<double> kNoisy = {50, 150, 60, 140, 70, 130, 80, 120, 90, 110, 100, 100};
constexpr StoppingRule kRule{
    .min_samples = 10, .max_samples = 50, .noise = 0.01, .timeout_seconds = 5};

TEST(Stopping, noise_of_a_median_is_the_quartile_range_over_the_root_of_the_samples) {
  EXPECT_DOUBLE_EQ(median_noise(kSteady), 0);
  const std::vector<double> five = {96, 98, 100, 102, 104};  // quartiles 98 and 102
  EXPECT_DOUBLE_EQ(median_noise(five), 4 / (100 * std::sqrt(5.0)));
}

TEST(Stopping, noise_is_not_known_below_two_samples_or_without_a_positive_median) {
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(median_noise({}), infinite);
  EXPECT_EQ(median_noise(std::vector<double>{5}), infinite);
  EXPECT_EQ(median_noise(std::vector<double>{0, 0, 0}), infinite);
}

TEST(Stopping, an_outlier_does_not_keep_a_steady_timing_running) {
  std::vector<double> samples = kSteady;
  samples.push_back(1e6);
  EXPECT_TRUE(is_enough(kRule, samples, 21, 0));
}

TEST(Stopping, few_samples_are_not_enough_however_steady) {
  const std::vector<double> nine(9, 100.0);
  EXPECT_FALSE(is_enough(kRule, nine, 9, 0));
}

TEST(Stopping, noise_above_the_wanted_level_goes_on_until_a_limit_ends_it) {
  EXPECT_FALSE(is_enough(kRule, kNoisy, 12, 1));
  EXPECT_TRUE(is_enough(kRule, kNoisy, 50, 1)) << "most samples";
  EXPECT_TRUE(is_enough(kRule, kNoisy, 12, 5)) << "timeout";
}

TEST(Stopping, no_limit_ends_it_before_the_first_sample) {
  EXPECT_FALSE(is_enough(kRule, {}, 0, 1e9));
}

TEST(Stopping, throttled_samples_count_towards_the_most_and_not_towards_enough) {
  EXPECT_FALSE(is_enough(kRule, {}, 49, 0));
  EXPECT_TRUE(is_enough(kRule, {}, 50, 0));
}

}  // namespace
}  // namespace kvroof::measure
