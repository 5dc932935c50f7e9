// SPDX-License-Identifier: Apache-2.0
#include "kernels/value_types.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <bit>
#include <cmath>
#include <cstdint>

namespace kvroof {
namespace {

TEST(ValueTypes, widen_every_pattern_like_eigen) {
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto raw = static_cast<std::uint16_t>(bits);
    const float half = to_float(Half{raw});
    const float half_wanted = static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(raw));
    const float bfloat = to_float(BFloat16{raw});
    const float bfloat_wanted = static_cast<float>(Eigen::numext::bit_cast<Eigen::bfloat16>(raw));
    ASSERT_TRUE(half == half_wanted || (std::isnan(half) && std::isnan(half_wanted))) << bits;
    ASSERT_TRUE(bfloat == bfloat_wanted || (std::isnan(bfloat) && std::isnan(bfloat_wanted)))
        << bits;
    ASSERT_EQ(std::signbit(half), (raw & kSignBit) != 0) << bits;
  }
}

TEST(ValueTypes, round_to_nearest_even_like_eigen) {
  // Every float whose low 20 bits are one of the interesting ties and neighbours: all exponents,
  // both signs.
  const std::uint32_t tails[] = {0x00000, 0x00fff, 0x01000, 0x01001, 0x02fff, 0x03000, 0x03001,
                                 0x07fff, 0x08000, 0x08001, 0x17fff, 0x18000, 0x18001, 0xfffff};
  for (std::uint32_t head = 0; head < 0x1000; ++head) {
    for (const std::uint32_t tail : tails) {
      const float value = std::bit_cast<float>(head << 20 | tail);
      const Half half = to_half(value);
      const BFloat16 bfloat = to_bfloat16(value);
      if (std::isnan(value)) {
        ASSERT_TRUE(std::isnan(to_float(half)) && std::isnan(to_float(bfloat)));
        continue;
      }
      ASSERT_EQ(half.bits, Eigen::half(value).x) << value;
      ASSERT_EQ(bfloat.bits, Eigen::bfloat16(value).value) << value;
    }
  }
}

}  // namespace
}  // namespace kvroof
