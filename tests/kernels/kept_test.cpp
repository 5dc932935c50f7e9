// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/kept.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kvroof {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Kept, rounds_to_the_nearest_multiple_of_eight) {
  EXPECT_EQ(kept_from_sparsity(128, 0.5), 64);
  EXPECT_EQ(kept_from_sparsity(128, 0.7), 40);
  EXPECT_EQ(kept_from_sparsity(128, 0.0), 128);
  EXPECT_EQ(kept_from_sparsity(128, 0.03125), 128);  // 124: halves round away from zero
  EXPECT_EQ(kept_from_sparsity(64, 0.7), 16);
  EXPECT_EQ(kept_from_sparsity(256, 0.7), 80);
}

TEST(Kept, is_never_less_than_eight) {
  EXPECT_EQ(kept_from_sparsity(128, 0.99), 8);
  EXPECT_EQ(kept_from_sparsity(64, std::nextafter(1.0, 0.0)), 8);
}

TEST(Kept, gives_the_effective_sparsity_back) {
  EXPECT_DOUBLE_EQ(effective_sparsity(128, 40), 0.6875);
  EXPECT_DOUBLE_EQ(effective_sparsity(128, 128), 0.0);
}

TEST(Kept, refuses_what_is_no_sparsity) {
  for (const double bad : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT([&] { kept_from_sparsity(128, bad); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("at least 0 and below 1")))
        << bad;
  }
  EXPECT_THROW(kept_from_sparsity(100, 0.5), std::invalid_argument);
  EXPECT_THROW(kept_from_sparsity(0, 0.5), std::invalid_argument);
}

}  // namespace
}  // namespace kvroof
