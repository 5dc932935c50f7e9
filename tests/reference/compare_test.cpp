// SPDX-License-Identifier: Apache-2.0
#include "reference/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace kvroof::reference {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Shape = std::vector<std::int64_t>;

Comparison run(const std::vector<double>& got, const std::vector<double>& want,
               const Tolerance& tolerance, const Shape& shape) {
  return compare(std::span<const double>(got), want, tolerance, shape);
}

TEST(Compare, equal_data_pass_even_at_tolerance_zero) {
  const Comparison c = run({1, -kInf, kNan, 0}, {1, -kInf, kNan, 0}, {}, {2, 2});
  EXPECT_TRUE(c.passed);
  EXPECT_EQ(c.used_share, 0.0);
  EXPECT_EQ(c.sentence, "all 4 elements equal the reference");
}

TEST(Compare, reports_errors_share_and_worst_coordinate) {
  const Comparison c =
      run({1, 2, 3.25, 4, 5, 6.1}, {1, 2, 3, 4, 5, 6}, {.absolute = 0.5}, {1, 2, 3});
  EXPECT_TRUE(c.passed);
  EXPECT_DOUBLE_EQ(c.max_abs_error, 0.25);
  EXPECT_DOUBLE_EQ(c.max_rel_error, 0.25 / 3);
  EXPECT_DOUBLE_EQ(c.used_share, 0.5);
  EXPECT_THAT(c.worst, ElementsAre(0, 0, 2));
  EXPECT_THAT(c.sentence, HasSubstr("at [0, 0, 2]: got 3.25, wanted 3"));
}

TEST(Compare, one_element_beyond_its_tolerance_fails) {
  const Comparison c = run({1, 2, 3, 4.011}, {1, 2, 3, 4}, {.absolute = 0.01}, {2, 2});
  EXPECT_FALSE(c.passed);
  EXPECT_EQ(c.num_failures, 1);
  EXPECT_THAT(c.worst, ElementsAre(1, 1));
  EXPECT_THAT(c.sentence, HasSubstr("1 of 4 elements beyond tolerance"));
}

TEST(Compare, tolerance_of_exactly_the_error_passes) {
  EXPECT_TRUE(run({1.5}, {1.0}, {.absolute = 0.5}, {1}).passed);
  EXPECT_FALSE(run({1.5}, {1.0}, {.absolute = 0.4999}, {1}).passed);
}

TEST(Compare, adds_relative_and_per_element_tolerance) {
  const std::vector<double> bounds = {0.0, 0.3};
  const Tolerance tolerance{.absolute = 0.1, .relative = 0.01, .per_element = bounds};
  EXPECT_TRUE(run({10.19, 10.49}, {10, 10}, tolerance, {2}).passed);
  const Comparison c = run({10.25, 10.49}, {10, 10}, tolerance, {2});
  EXPECT_FALSE(c.passed);
  EXPECT_THAT(c.worst, ElementsAre(0));
}

TEST(Compare, worst_is_the_largest_share_and_not_the_largest_error) {
  const std::vector<double> bounds = {10.0, 0.01};
  const Comparison c = run({5, 0.009}, {0, 0}, {.per_element = bounds}, {2});
  EXPECT_THAT(c.worst, ElementsAre(1));
  EXPECT_EQ(c.max_abs_error, 5);
  EXPECT_EQ(c.max_rel_error, 0);  // both references are 0
}

TEST(Compare, any_error_at_tolerance_zero_uses_an_infinite_share) {
  const Comparison c = run({1e-300}, {0}, {}, {1});
  EXPECT_FALSE(c.passed);
  EXPECT_EQ(c.used_share, kInf);
}

TEST(Compare, positions_of_nan_and_infinity_come_first) {
  const std::vector<std::pair<double, double>> wrong = {
      {kNan, 1}, {1, kNan}, {kInf, 1}, {1, kInf}, {-kInf, kInf}, {kNan, kInf}, {kInf, kNan}};
  for (const auto& [got, want] : wrong) {
    const Comparison c = run({5, got, got}, {0, want, want}, {.absolute = 10}, {3});
    EXPECT_FALSE(c.passed) << got << " for " << want;
    EXPECT_EQ(c.num_non_finite, 2);
    EXPECT_THAT(c.worst, ElementsAre(1));
    EXPECT_THAT(c.sentence,
                HasSubstr("2 of 3 elements differ in NaN or infinity, the first at [1]"));
  }
}

TEST(Compare, floats_are_compared_as_the_numbers_they_are) {
  const std::vector<float> got = {0.1f};
  const std::vector<double> want = {0.1};
  const Comparison c = compare(got, want, {.absolute = 1e-8}, Shape{1});
  EXPECT_TRUE(c.passed);
  EXPECT_GT(c.max_abs_error, 1e-9);
}

TEST(Compare, nothing_to_compare_passes_and_says_so) {
  const Comparison c = run({}, {}, {}, {0, 4});
  EXPECT_TRUE(c.passed);
  EXPECT_EQ(c.sentence, "nothing to compare: 0 elements");
}

TEST(Compare, sizes_and_tolerances_that_make_no_sense_are_refused) {
  EXPECT_THAT(
      [] {
        run({1, 2}, {1}, {}, {1});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("2 elements against 1")));
  EXPECT_THAT(
      [] {
        run({1, 2}, {1, 2}, {}, {3});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("shape [3] has 3 elements")));
  EXPECT_THROW(run({1}, {1}, {.absolute = -1}, {1}), std::invalid_argument);
  EXPECT_THROW(run({1}, {1}, {.relative = kNan}, {1}), std::invalid_argument);
  const std::vector<double> infinite = {kInf}, two = {1, 1};
  EXPECT_THROW(run({1}, {1}, {.per_element = infinite}, {1}), std::invalid_argument);
  EXPECT_THROW(run({1}, {1}, {.per_element = two}, {1}), std::invalid_argument);
}

}  // namespace
}  // namespace kvroof::reference
