// SPDX-License-Identifier: Apache-2.0
#include "profiler/inputs/dtype.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace kvroof::inputs {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

class DtypeTest : public testing::TestWithParam<Dtype> {};
INSTANTIATE_TEST_SUITE_P(All, DtypeTest, testing::Values(Dtype::kF16, Dtype::kBF16),
                         [](const auto& i) { return std::string(to_string(i.param)); });

/// Rounding by its definition: to the nearest multiple of the last bit's weight, in double.
float round_by_definition(Dtype dtype, float value) {
  const int fraction_bits = dtype == Dtype::kF16 ? 10 : 7;
  const int min_exponent = dtype == Dtype::kF16 ? -14 : -126;
  if (value == 0.0f || !std::isfinite(value)) return value;
  const int exponent = std::max(std::ilogb(value), min_exponent);
  const double unit = std::ldexp(1.0, exponent - fraction_bits);
  const double rounded = std::nearbyint(static_cast<double>(value) / unit) * unit;
  if (std::abs(rounded) > static_cast<double>(max_finite(dtype))) return std::copysign(kInf, value);
  return static_cast<float>(rounded);
}

TEST_P(DtypeTest, every_bit_pattern_survives_the_way_through_float) {
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    const float value = from_bits(GetParam(), static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(from_bits(GetParam(), to_bits(GetParam(), value))));
      ASSERT_TRUE(std::isnan(round_to(GetParam(), value)));
      continue;
    }
    ASSERT_EQ(to_bits(GetParam(), value), bits);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(round_to(GetParam(), value)),
              std::bit_cast<std::uint32_t>(value));
  }
}

TEST_P(DtypeTest, rounding_follows_its_definition) {
  std::mt19937 rng(5);
  for (int i = 0; i < 500000; ++i) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(rng()));
    if (std::isnan(value)) continue;
    ASSERT_EQ(round_to(GetParam(), value), round_by_definition(GetParam(), value)) << value;
  }
}

TEST_P(DtypeTest, halfway_points_of_every_neighbouring_pair_go_to_even) {
  const std::uint16_t top = to_bits(GetParam(), max_finite(GetParam()));
  for (std::uint16_t bits = 0; bits < top; ++bits) {
    const float low = from_bits(GetParam(), bits);
    const float high = from_bits(GetParam(), static_cast<std::uint16_t>(bits + 1));
    const float middle = low + (high - low) / 2.0f;
    const float even = bits % 2 == 0 ? low : high;
    ASSERT_EQ(round_to(GetParam(), middle), even) << bits;
    ASSERT_EQ(round_to(GetParam(), -middle), -even) << bits;
    ASSERT_EQ(round_to(GetParam(), std::nextafter(middle, 0.0f)), low) << bits;
    ASSERT_EQ(round_to(GetParam(), std::nextafter(middle, kInf)), high) << bits;
  }
}

TEST_P(DtypeTest, overflow_becomes_infinity_from_half_a_step_beyond_the_largest) {
  const float max = max_finite(GetParam());
  const float half_step = GetParam() == Dtype::kF16 ? 16.0f : 0x1p119f;
  EXPECT_EQ(round_to(GetParam(), std::nextafter(max + half_step, 0.0f)), max);
  EXPECT_EQ(round_to(GetParam(), max + half_step), kInf);
  EXPECT_EQ(round_to(GetParam(), -max - half_step), -kInf);
}

}  // namespace
}  // namespace kvroof::inputs
