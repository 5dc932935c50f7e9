// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/crossover.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvroof::report {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

DeviceRecord attention(const std::string& format, double sparsity, double time_ns) {
  DeviceRecord record;
  record.device = "NVIDIA H200";
  record.kernel.name = format;
  record.problem = {.batch = 1, .query_heads = 8, .kv_heads = 2, .head_dim = 128, .kv_len = 4096};
  for (traces::PrunedSide* side : {&record.problem.keys, &record.problem.values})
    *side = {.requested_sparsity = sparsity, .format = format};
  record.work.emplace();
  record.times = {{"cold", traces::Provenance::measured, {.count = 9, .median_ns = time_ns}}};
  return record;
}

std::vector<DeviceRecord> study() {
  return {attention("lane_chunk", 0.9, 50), attention("lane_chunk", 0.5, 120),
          attention("lane_chunk", 0.7, 80), attention("dense", 0, 100),
          attention("two_four", 0.5, 75)};
}

TEST(Crossover, PointsHaveTheirRivalsAndAreSortedBySparsity) {
  const std::vector<CrossoverPoint> points = crossover_points(study());
  ASSERT_EQ(points.size(), 3u);  // rivals are no points
  EXPECT_EQ(points[0].sparsity, 0.5);
  EXPECT_EQ(points[2].sparsity, 0.9);
  for (const CrossoverPoint& point : points) {
    EXPECT_EQ(point.dense_ns, 100);
    EXPECT_EQ(point.two_four_ns, 75);
  }
}

TEST(Crossover, TheSentenceSaysFromWhereOnAndHowMuch) {
  const Table table = crossover_table("NVIDIA H200", crossover_points(study()));
  EXPECT_THAT(table.notes,
              Contains(HasSubstr("faster than dense from sparsity 0.7 on, 2.00x at 0.9; "
                                 "faster than 2:4 from sparsity 0.9 on, 1.50x at 0.9")));
}

TEST(Crossover, WhatIsNeverFasterOrFasterInBetweenOnlyIsSaid) {
  const std::vector<DeviceRecord> never = {attention("lane_chunk", 0.5, 200),
                                           attention("dense", 0, 100)};
  EXPECT_THAT(
      crossover_table("d", crossover_points(never)).notes,
      Contains(HasSubstr("never faster than dense, 0.50x at best (sparsity 0.5); no time of 2:4")));
  const std::vector<DeviceRecord> between = {attention("lane_chunk", 0.5, 50),
                                             attention("lane_chunk", 0.7, 200),
                                             attention("dense", 0, 100)};
  EXPECT_THAT(crossover_table("d", crossover_points(between)).notes,
              Contains(HasSubstr("faster than dense at some sparsities only, 2.00x at 0.5")));
}

TEST(Crossover, PackingFailuresAndRecordsWithoutATimeAreNoPoints) {
  DeviceRecord packing = attention("lane_chunk", 0.5, 10);
  packing.work.reset();
  DeviceRecord failed = attention("lane_chunk", 0.5, 10);
  failed.status = traces::Status::failed;
  DeviceRecord untimed = attention("lane_chunk", 0.5, 10);
  untimed.times.clear();
  EXPECT_TRUE(crossover_points({packing, failed, untimed}).empty());
}

}  // namespace
}  // namespace kvroof::report
