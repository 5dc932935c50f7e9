// SPDX-License-Identifier: Apache-2.0
// The committed trace of a real GPU: a kernel that beats a measured ceiling proves its probe wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "traces/ceilings.hpp"
#include "traces/read.hpp"

namespace kvroof::ceilings {
namespace {

using traces::Provenance;

const traces::Trace& sample() {
  static const traces::Trace trace =
      traces::read_trace(std::filesystem::path(KVROOF_SOURCE_DIR) / "traces/samples/h200.jsonl",
                         traces::OnBadLine::fail);
  return trace;
}

const traces::Time* time_named(const traces::Record& record, const char* name) {
  const auto found = std::find_if(record.times.begin(), record.times.end(),
                                  [&](const auto& time) { return time.name == name; });
  return found == record.times.end() ? nullptr : &*found;
}

TEST(SampleTrace, holds_a_sweep_with_times_counters_ceilings_and_environment) {
  ASSERT_GE(sample().records.size(), 60u);
  for (const traces::Record& record : sample().records) {
    EXPECT_EQ(record.status, traces::Status::passed) << record.reason;
    EXPECT_EQ(record.backend, traces::Backend::cuda);
    EXPECT_NE(time_named(record, "cold"), nullptr);
    ASSERT_TRUE(record.counters) << record.counters_reason;
    ASSERT_NE(traces::ceilings_of(sample(), record), nullptr);
    const traces::Environment* environment = traces::environment_of(sample(), record);
    ASSERT_NE(environment, nullptr);
    EXPECT_TRUE(environment->driver_version);
    EXPECT_TRUE(environment->cupti_version);
    EXPECT_FALSE(environment->argv.empty());
  }
}

TEST(SampleTrace, no_kernel_reads_memory_faster_than_the_read_probe) {
  for (const traces::Record& record : sample().records) {
    const traces::Roof* roof =
        traces::best_roof(*traces::ceilings_of(sample(), record), traces::RoofLevel::dram,
                          traces::RoofKind::measured);
    ASSERT_NE(roof, nullptr);
    const traces::Time* time = time_named(record, "activity");
    for (const traces::Traffic& traffic : record.traffic) {
      if (traffic.level != traces::MemoryLevel::dram || time == nullptr) continue;
      EXPECT_EQ(traffic.provenance, Provenance::measured);
      const double bytes_per_s =
          (traffic.read_bytes + traffic.write_bytes) / (time->statistics.median_ns * 1e-9);
      EXPECT_LT(bytes_per_s, roof->value) << record.kernel.name << ", " << record.problem.kv_len;
    }
  }
}

TEST(SampleTrace, measured_ceilings_stay_below_the_theoretical_ones) {
  int with_measured = 0;
  for (const auto& [id, ceilings] : sample().ceilings) {
    for (const traces::RoofLevel level : {traces::RoofLevel::dram, traces::RoofLevel::tensor}) {
      const traces::Roof* measured = traces::best_roof(ceilings, level, traces::RoofKind::measured);
      const traces::Roof* stated =
          traces::best_roof(ceilings, level, traces::RoofKind::theoretical);
      ASSERT_NE(stated, nullptr);
      if (measured == nullptr) continue;  // of a sweep without --ceilings
      ++with_measured;
      EXPECT_LT(measured->value, stated->value) << traces::name_of(level);
      EXPECT_GT(measured->value, 0.3 * stated->value)
          << "a probe this slow measures something else";
    }
  }
  EXPECT_GE(with_measured, 2);
}

}  // namespace
}  // namespace kvroof::ceilings
