// SPDX-License-Identifier: Apache-2.0
#include "profiler/ceilings/catalogue_roofs.hpp"

#include <gtest/gtest.h>

namespace kvroof::ceilings {
namespace {

TEST(CatalogueRoofs, are_theoretical_and_say_where_they_come_from) {
  const auto roofs = catalogue_roofs({.name = "NVIDIA H200", .sm_count = 132});
  ASSERT_EQ(roofs.size(), 2u);
  EXPECT_EQ(roofs[0].level, traces::RoofLevel::dram);
  EXPECT_EQ(roofs[0].value, 4800e9);
  EXPECT_EQ(roofs[1].level, traces::RoofLevel::tensor);
  for (const traces::Roof& roof : roofs) {
    EXPECT_EQ(roof.kind, traces::RoofKind::theoretical);
    EXPECT_NE(roof.source, "");
    EXPECT_NE(roof.date, "");
  }
}

TEST(CatalogueRoofs, find_the_model_within_the_drivers_longer_name) {
  const auto roofs = catalogue_roofs({.name = "NVIDIA H100 80GB HBM3", .sm_count = 132});
  ASSERT_FALSE(roofs.empty());
  EXPECT_EQ(roofs[0].value, 3350e9);
}

TEST(CatalogueRoofs, of_a_smaller_sibling_or_an_unknown_device_are_not_guessed) {
  EXPECT_TRUE(catalogue_roofs({.name = "NVIDIA H100 PCIe", .sm_count = 114}).empty());
  EXPECT_TRUE(catalogue_roofs({.name = "NVIDIA Z900", .sm_count = 132}).empty());
  EXPECT_TRUE(catalogue_roofs({.name = "NVIDIA", .sm_count = 132}).empty());
}

}  // namespace
}  // namespace kvroof::ceilings
