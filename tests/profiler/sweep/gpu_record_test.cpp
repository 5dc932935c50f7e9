// SPDX-License-Identifier: Apache-2.0
// What a sweep's record holds of a measurement, whole or with something missing.
#include "profiler/sweep/gpu_record.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "profiler/sweep/sweep.hpp"
#include "tests/traces/temporary_folder.hpp"
#include "traces/read.hpp"

namespace kvroof::sweep {
namespace {

measure::Measured whole() {
  measure::Measured measured;
  measured.times = {{.name = "cold", .statistics = {.count = 3, .median_ns = 14000}}};
  measured.activities = {{"attention::decode_kernel", "decode", 7, 0, 13000}};
  measured.registers_per_thread = 168;
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, double>>{
           {"dram_read_bytes", 1e6},
           {"dram_written_bytes", 27e6},  // of whoever ran before
           {"l2_read_sectors", 40'000},
           {"l2_written_sectors", 1'000}})
    measured.counters[name] = {value, "1", traces::Provenance::measured, ""};
  return measured;
}

/// One configuration swept with `measured` as what a GPU gave, as its trace holds it afterwards.
traces::Record swept(const measure::Measured& measured) {
  traces::testing::TemporaryFolder folder;
  const auto path = folder.path() / "t.jsonl";
  simt::Simulator device;
  Request request;
  for (const char* axis : {"query_heads=1", "kv_heads=1", "kv_len=64"})
    request.axes.push_back(parse_axis(axis));
  SweepOptions options;
  options.complete.push_back([&](const Planned&, const CaseRun&, traces::Record& record) {
    record.counters.reset();  // on a GPU nothing is simulated
    add_measured(measured, record);
  });
  {
    TraceOutput output(path, {}, std::nullopt);
    const auto plan = make_plan(request, device, std::numeric_limits<std::uint64_t>::max());
    traces::Record record = Sweeper(device, std::move(options)).run(plan.front());
    output.append(record);
  }
  return traces::read_trace(path, traces::OnBadLine::fail).records.front();
}

TEST(GpuRecord, WithoutCountersASweepGoesOnAndSaysWhy) {
  measure::Measured uncounted = whole();
  uncounted.counters.clear();
  uncounted.counters_reason = "starting a pass: CUPTI_ERROR_HARDWARE_BUSY (26); end it";
  const traces::Record record = swept(uncounted);
  EXPECT_EQ(record.status, traces::Status::passed) << record.reason;
  EXPECT_FALSE(record.counters);
  EXPECT_EQ(record.counters_reason, "starting a pass: CUPTI_ERROR_HARDWARE_BUSY (26); end it");
  EXPECT_EQ(record.times.front().statistics.median_ns, 14000) << "times are there all the same";
  EXPECT_EQ(record.activities.size(), 1u);
}

TEST(GpuRecord, WithoutActivitiesItSaysWhyBesideCountersAndTimes) {
  measure::Measured unseen = whole();
  unseen.activities.clear();
  unseen.activities_reason = "CUPTI dropped 3 activity records";
  const traces::Record record = swept(unseen);
  EXPECT_EQ(record.activities_reason, "CUPTI dropped 3 activity records");
  EXPECT_EQ(record.counters->at("dram_read_bytes").value, 1e6);
  EXPECT_EQ(record.counters_reason, "");
  EXPECT_EQ(swept(whole()).activities_reason, "");
}

TEST(GpuRecord, ACounterThatAChipLacksIsNullBesideTheOthersAndItsTrafficLeftOut) {
  measure::Measured part = whole();
  part.counters["l2_read_sectors"] = {std::nullopt, "sector", traces::Provenance::measured,
                                      "this chip has no such metric"};
  const traces::Record record = swept(part);
  EXPECT_FALSE(record.counters->at("l2_read_sectors").value);
  EXPECT_EQ(record.counters->at("l2_read_sectors").reason, "this chip has no such metric");
  ASSERT_EQ(record.traffic.size(), 1u);
  EXPECT_EQ(record.traffic.front().level, traces::MemoryLevel::dram);
}

TEST(GpuRecord, AKernelIsChargedWithItsOwnWritesAndNotWithWhatOthersLeftInL2) {
  const traces::Record record = swept(whole());
  ASSERT_EQ(record.traffic.size(), 2u);
  EXPECT_EQ(record.traffic.front().read_bytes, 1e6);
  EXPECT_EQ(record.traffic.front().write_bytes, 32'000);
  EXPECT_EQ(record.counters->at("dram_written_bytes").value, 27e6) << "kept as it was counted";
}

}  // namespace
}  // namespace kvroof::sweep
