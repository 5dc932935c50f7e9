// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/roofline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "profiler/report/fastest_times.hpp"

namespace kvroof::report {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using traces::RoofKind;
using traces::RoofLevel;

/// 1 GB/s of DRAM, 10 Gflop/s of tensor cores, 100 ns a launch: the ridge is at 10 flop/B.
std::shared_ptr<const traces::Ceilings> round_ceilings() {
  return std::make_shared<const traces::Ceilings>(traces::Ceilings{
      .device = "round",
      .roofs = {{.level = RoofLevel::dram, .kind = RoofKind::theoretical, .value = 1e9},
                {.level = RoofLevel::tensor, .kind = RoofKind::theoretical, .value = 10e9},
                {.level = RoofLevel::launch, .kind = RoofKind::theoretical, .value = 100}}});
}

/// Moves 1000 bytes and computes 1000 flops: at the DRAM roof it takes 1000 ns.
DeviceRecord record_of(double time_ns) {
  DeviceRecord record;
  record.device = "round";
  record.ceilings = round_ceilings();
  record.problem = {.batch = 1, .query_heads = 8, .kv_heads = 2, .head_dim = 128, .kv_len = 64};
  record.problem.keys.requested_sparsity = record.problem.values.requested_sparsity = 0.5;
  record.traffic = {{traces::MemoryLevel::dram, 900, 100}};
  record.work = traces::Work{.useful_flops = 1000};
  record.floors = {{"launch", 100}};
  if (time_ns > 0)
    record.times = {{"cold", traces::Provenance::measured, {.count = 9, .median_ns = time_ns}}};
  return record;
}

TEST(Roofline, TheRoofUsedMostBindsFromSixtyPercentOn) {
  EXPECT_EQ(roofline_verdict(record_of(1000 / 0.61)), "DRAM: 61 % of its theoretical roof");
  EXPECT_THAT(roofline_verdict(record_of(1000 / 0.59)), StartsWith("latency"));
  DeviceRecord computes = record_of(2000);
  computes.work->executed_flops = 18'000;  // 9 of 10 flop/ns
  EXPECT_EQ(roofline_verdict(computes), "tensor cores: 90 % of its theoretical roof");
}

TEST(Roofline, TheLaunchBindsWhenItIsMostOfTheTimeAndNoRoofIsUsed) {
  DeviceRecord tiny = record_of(150);
  tiny.traffic = {{traces::MemoryLevel::dram, 1, 0}};
  tiny.work->useful_flops = 1;
  EXPECT_EQ(roofline_verdict(tiny), "launch: 67 % of the time");
  tiny.floors.clear();
  EXPECT_THAT(roofline_verdict(tiny), StartsWith("latency"));
}

TEST(Roofline, WithoutATimeTheSideOfTheRidgeIsTold) {
  EXPECT_THAT(roofline_verdict(record_of(0)), HasSubstr("DRAM side: 1.0 flop/B"));
  DeviceRecord dense_in_work = record_of(0);
  dense_in_work.work->useful_flops = 20'000;
  EXPECT_THAT(roofline_verdict(dense_in_work), HasSubstr("tensor-core side: 20.0 flop/B"));
}

TEST(Roofline, AMeasuredRoofGoesBeforeATheoreticalOne) {
  DeviceRecord record = record_of(1000);
  traces::Ceilings ceilings = *record.ceilings;
  ceilings.roofs.push_back({.level = RoofLevel::dram, .kind = RoofKind::measured, .value = 2e9});
  record.ceilings = std::make_shared<const traces::Ceilings>(ceilings);
  EXPECT_DOUBLE_EQ(roof_share(record, RoofLevel::dram).value(), 0.5);
}

TEST(Roofline, ReadsAreComparedWithTheReadProbeAndPackingWithTheCopy) {
  DeviceRecord record = record_of(1000);
  traces::Ceilings ceilings = *record.ceilings;
  for (const auto& [name, value] : {std::pair{"write", 4e9}, {"read", 2e9}, {"copy", 1.25e9}})
    ceilings.roofs.push_back(
        {.level = RoofLevel::dram, .kind = RoofKind::measured, .name = name, .value = value});
  record.ceilings = std::make_shared<const traces::Ceilings>(ceilings);
  EXPECT_EQ(roof_uses(record).front().name, "read") << "900 read, 100 written";
  EXPECT_DOUBLE_EQ(roof_share(record, RoofLevel::dram).value(), 0.5);
  record.traffic = {{traces::MemoryLevel::dram, 600, 400}};
  EXPECT_EQ(roofline_verdict(record), "DRAM: 80 % of its measured roof, copy");
  record.traffic = {{traces::MemoryLevel::dram, 0, 1000}};
  EXPECT_EQ(roof_uses(record).front().name, "write");
  EXPECT_THAT(roofline_table({record}).notes.back(), HasSubstr("DRAM write, measured"));
}

TEST(Roofline, InstructionsAreThoseCountedAndNotOnlyThoseOfThePipes) {
  DeviceRecord record = record_of(1000);
  traces::Ceilings ceilings = *record.ceilings;
  ceilings.roofs.push_back(
      {.level = RoofLevel::instruction, .kind = RoofKind::measured, .name = "ffma", .value = 1e9});
  record.ceilings = std::make_shared<const traces::Ceilings>(ceilings);
  record.counters = {
      {{"instructions_alu", {300, "instr", {}, ""}}, {"instructions_fma", {200, "instr", {}, ""}}}};
  EXPECT_DOUBLE_EQ(roof_share(record, RoofLevel::instruction).value(), 0.5);
  (*record.counters)["instructions"] = {900, "instr", {}, ""};
  EXPECT_DOUBLE_EQ(roof_share(record, RoofLevel::instruction).value(), 0.9);
  (*record.counters)["instructions"].value.reset();  // a chip without it
  EXPECT_DOUBLE_EQ(roof_share(record, RoofLevel::instruction).value(), 0.5);
}

TEST(Roofline, WithoutRoofsThereIsNoVerdictAndNoRow) {
  DeviceRecord record = record_of(1000);
  record.ceilings = nullptr;
  EXPECT_EQ(roofline_verdict(record), "");
  EXPECT_EQ(roofline_table({record}).rows.size(), 0u);
  EXPECT_EQ(roofline_table({record_of(1000)}).rows.size(), 1u);
}

DeviceRecord dense_record(double time_ns) {
  DeviceRecord dense = record_of(time_ns);
  for (traces::PrunedSide* side : {&dense.problem.keys, &dense.problem.values})
    *side = {.requested_sparsity = 0, .rule = "none", .format = "dense"};
  return dense;
}

TEST(SpeedupOverDense, IsTheFastestDenseTimeOverThisOne) {
  const DeviceRecord sparse = record_of(1000);
  const FastestTimes times({sparse, dense_record(3000), dense_record(2500)}, is_dense);
  EXPECT_DOUBLE_EQ(times.over(sparse).value(), 2.5);
}

TEST(SpeedupOverDense, MixesNeitherProblemsNorDevicesNorOrigins) {
  const DeviceRecord sparse = record_of(1000);
  DeviceRecord longer = dense_record(2000);
  longer.problem.kv_len = 65;
  DeviceRecord elsewhere = dense_record(2000);
  elsewhere.device = "other";
  DeviceRecord modelled = dense_record(2000);
  modelled.times.front().provenance = traces::Provenance::modelled;
  DeviceRecord failed = dense_record(2000);
  failed.status = traces::Status::failed;
  EXPECT_FALSE(FastestTimes({sparse, longer, elsewhere, modelled, failed}, is_dense)
                   .over(sparse)
                   .has_value());
  EXPECT_FALSE(FastestTimes({dense_record(2000)}, is_dense).over(record_of(0)).has_value());
}

TEST(SpeedupOverDense, NothingPrunedInASparseFormatIsNotDense) {
  DeviceRecord unpruned = dense_record(1000);
  unpruned.problem.keys.format = "lane_chunk";
  EXPECT_FALSE(is_dense(unpruned));
  EXPECT_TRUE(is_dense(dense_record(1000)));
}

}  // namespace
}  // namespace kvroof::report
