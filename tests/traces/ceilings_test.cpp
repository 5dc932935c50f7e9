// SPDX-License-Identifier: Apache-2.0
#include "traces/ceilings.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace kvroof::traces {
namespace {

constexpr RooflineChoice kMeasured{MemoryLevel::dram, RoofLevel::tensor, RoofKind::measured};
constexpr RooflineChoice kTheoretical{MemoryLevel::dram, RoofLevel::tensor, RoofKind::theoretical};

Roof roof(RoofLevel level, RoofKind kind, double value) {
  return {.level = level, .kind = kind, .value = value};
}

Ceilings small_device() {
  return {
      .device = "small",
      .roofs = {roof(RoofLevel::dram, RoofKind::theoretical, 1000),
                roof(RoofLevel::dram, RoofKind::measured, 700),
                roof(RoofLevel::dram, RoofKind::measured, 800),
                roof(RoofLevel::dram, RoofKind::measured, std::numeric_limits<double>::quiet_NaN()),
                roof(RoofLevel::tensor, RoofKind::theoretical, 50'000),
                roof(RoofLevel::tensor, RoofKind::measured, 40'000),
                roof(RoofLevel::launch, RoofKind::measured, 2500),
                roof(RoofLevel::launch, RoofKind::measured, 1250),
                roof(RoofLevel::launch, RoofKind::measured, 0)}};
}

TEST(Roofs, best_is_the_highest_rate_and_the_lowest_time_that_can_be_true) {
  const Ceilings ceilings = small_device();
  EXPECT_EQ(best_roof(ceilings, RoofLevel::dram, RoofKind::measured)->value, 800);
  EXPECT_EQ(best_roof(ceilings, RoofLevel::launch, RoofKind::measured)->value, 1250);
  EXPECT_EQ(best_roof(ceilings, RoofLevel::l2, RoofKind::measured), nullptr);
  EXPECT_EQ(best_roof(ceilings, RoofLevel::launch, RoofKind::theoretical), nullptr);
}

TEST(Roofs, attainable_follows_bandwidth_up_to_the_ridge_and_the_peak_beyond) {
  const Ceilings ceilings = small_device();
  EXPECT_EQ(ridge_intensity(ceilings, kMeasured), 50.0);
  EXPECT_EQ(attainable(ceilings, kMeasured, 0), 0.0);
  EXPECT_EQ(attainable(ceilings, kMeasured, 25), 20'000.0);
  EXPECT_EQ(attainable(ceilings, kMeasured, 50), 40'000.0);
  EXPECT_EQ(attainable(ceilings, kMeasured, 51), 40'000.0);
  EXPECT_EQ(attainable(ceilings, kTheoretical, 25), 25'000.0);
}

TEST(Roofs, measured_and_theoretical_are_never_mixed) {
  Ceilings ceilings = small_device();
  std::erase_if(ceilings.roofs, [](const Roof& r) {
    return r.level == RoofLevel::tensor && r.kind == RoofKind::measured;
  });
  EXPECT_EQ(attainable(ceilings, kMeasured, 1), std::nullopt);
  EXPECT_EQ(ridge_intensity(ceilings, kMeasured), std::nullopt);
  EXPECT_NE(attainable(ceilings, kTheoretical, 1), std::nullopt);
}

TEST(Roofs, intensity_is_useful_work_per_byte_moved_and_unknown_when_nothing_moved) {
  const Work work{.useful_flops = 600};
  EXPECT_EQ(arithmetic_intensity(work, {.read_bytes = 200, .write_bytes = 100}), 2.0);
  EXPECT_EQ(arithmetic_intensity(work, {}), std::nullopt);
  EXPECT_EQ(arithmetic_intensity(work, {.read_bytes = std::numeric_limits<double>::quiet_NaN()}),
            std::nullopt);
}

}  // namespace
}  // namespace kvroof::traces
