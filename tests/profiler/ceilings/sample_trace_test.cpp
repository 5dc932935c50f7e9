// SPDX-License-Identifier: Apache-2.0
// The committed trace of a real GPU: a kernel that beats a measured ceiling proves its probe wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

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

const traces::Roof& read_probe(const traces::Ceilings& ceilings) {
  const auto found = std::find_if(ceilings.roofs.begin(), ceilings.roofs.end(), [](const auto& r) {
    return r.level == traces::RoofLevel::dram && r.kind == traces::RoofKind::measured &&
           r.name.starts_with("read");
  });
  if (found == ceilings.roofs.end()) throw std::runtime_error("no read probe");
  return *found;
}

TEST(SampleTrace, no_kernel_reads_memory_faster_than_the_read_probe_nor_moves_more_than_the_best) {
  int compared = 0;
  for (const traces::Record& record : sample().records) {
    const traces::Ceilings& ceilings = *traces::ceilings_of(sample(), record);
    const traces::Roof* best =
        traces::best_roof(ceilings, traces::RoofLevel::dram, traces::RoofKind::measured);
    ASSERT_NE(best, nullptr);
    const traces::Time* time = time_named(record, "activity");
    for (const traces::Traffic& traffic : record.traffic) {
      if (traffic.level != traces::MemoryLevel::dram || time == nullptr) continue;
      ++compared;
      EXPECT_EQ(traffic.provenance, Provenance::measured);
      const double seconds = time->statistics.median_ns * 1e-9;
      EXPECT_LT(traffic.read_bytes / seconds, read_probe(ceilings).value)
          << record.kernel.name << ", " << record.problem.kv_len;
      EXPECT_LT((traffic.read_bytes + traffic.write_bytes) / seconds, best->value)
          << record.kernel.name << ", " << record.problem.kv_len;
    }
  }
  EXPECT_EQ(compared, std::ssize(sample().records));
}

TEST(SampleTrace, what_is_written_to_memory_is_what_the_multiprocessors_wrote) {
  constexpr double sector_bytes = 32;
  for (const traces::Record& record : sample().records) {
    const auto dram =
        std::find_if(record.traffic.begin(), record.traffic.end(),
                     [](const auto& one) { return one.level == traces::MemoryLevel::dram; });
    ASSERT_NE(dram, record.traffic.end());
    EXPECT_EQ(dram->read_bytes, record.counters->at("dram_read_bytes").value);
    EXPECT_EQ(dram->write_bytes,
              record.counters->at("l2_written_sectors").value.value() * sector_bytes);
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
