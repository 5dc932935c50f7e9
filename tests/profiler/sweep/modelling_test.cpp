// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/modelling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/simt/simulator.hpp"
#include "profiler/sweep/ranks.hpp"

namespace kvroof::sweep {
namespace {

using ::testing::ElementsAre;

traces::Record run(const std::string& kernel, const std::vector<model::DeviceModel>& devices) {
  simt::Simulator device;
  Request request;
  for (const std::string& axis : {std::string("query_heads=2"), std::string("kv_heads=1"),
                                  std::string("kv_len=200"), "kernel=" + kernel})
    request.axes.push_back(parse_axis(axis));
  const std::vector<Planned> plan = make_plan(request, device, available_host_bytes());
  SweepOptions options;
  options.complete.push_back(model_times(devices));
  return Sweeper(device, options).run(plan.at(0));
}

std::vector<std::string> names(const std::vector<model::DeviceModel>& devices) {
  std::vector<std::string> names;
  for (const model::DeviceModel& device : devices) names.push_back(device.name);
  return names;
}

TEST(DevicesToModel, TheRecordsOwnDeviceComesFirstAndOnce) {
  const model::Catalogue& catalogue = model::default_catalogue();
  EXPECT_THAT(names(devices_to_model(catalogue, "NVIDIA H200", {"l40s", "h200"})),
              ElementsAre("h200", "l40s"));
  EXPECT_TRUE(devices_to_model(catalogue, "Unheard-of GPU", {"l40s"}).empty());
  EXPECT_THROW(devices_to_model(catalogue, "NVIDIA H200", {"h2000"}), std::invalid_argument);
}

TEST(ModelledTimes, ASimulatedDecodeHasTheTimeOfItsFirstPrediction) {
  const auto devices = devices_to_model(model::default_catalogue(), "NVIDIA H200", {"l40s"});
  const traces::Record record = run("decode", devices);
  ASSERT_EQ(record.predictions.size(), 2u);
  EXPECT_EQ(record.predictions[1].device, "l40s");
  ASSERT_EQ(record.times.size(), 1u);
  EXPECT_EQ(record.times[0].provenance, traces::Provenance::modelled);
  EXPECT_EQ(record.times[0].statistics.median_ns, record.predictions[0].time_ns);
  EXPECT_EQ(record.times[0].statistics.count, 0);
  EXPECT_FALSE(record.floors.empty());
  for (const traces::NamedTime& floor : record.floors)
    EXPECT_LE(floor.time_ns, record.times[0].statistics.median_ns) << floor.name;
}

TEST(ModelledTimes, OtherAttentionIsModelledFromItsLaunchAndPackingIsNot) {
  const auto devices = devices_to_model(model::default_catalogue(), "NVIDIA H200", {});
  const traces::Record dense = run("dense", devices);
  ASSERT_EQ(dense.predictions.size(), 1u);
  EXPECT_GT(dense.predictions[0].time_ns.value_or(0), 0);
  const traces::Record packing = run("pack_keys", devices);
  EXPECT_TRUE(packing.predictions.empty());
  EXPECT_TRUE(packing.times.empty());
}

TEST(ModelledTimes, ADeviceThatNobodyKnowsHasNone) {
  const traces::Record record = run("decode", {});
  EXPECT_EQ(record.status, traces::Status::passed);
  EXPECT_TRUE(record.predictions.empty());
  EXPECT_TRUE(record.times.empty());
}

TEST(Ranks, SharesOfAShardAreAllOfItAndNoneTwice) {
  std::vector<int> owners(60, 0);
  for (int rank = 0; rank < 4; ++rank) {
    const Shard share = shard_of_rank({.index = 2, .count = 5}, rank, 4);
    for (int i = share.index; i < 60; i += share.count) ++owners[static_cast<std::size_t>(i)];
  }
  for (int i = 0; i < 60; ++i) EXPECT_EQ(owners[static_cast<std::size_t>(i)], i % 5 == 2 ? 1 : 0);
}

TEST(Ranks, FilesLieBesideTheTrace) {
  EXPECT_EQ(rank_path("a/t.jsonl", 12), "a/t.rank12.jsonl");
  EXPECT_EQ(rank_path("t", 0), "t.rank0");
  EXPECT_TRUE(rank_paths("no/such/folder/t.jsonl").empty());
}

}  // namespace
}  // namespace kvroof::sweep
