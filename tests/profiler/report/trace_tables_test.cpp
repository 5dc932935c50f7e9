// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/trace_tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace kvroof::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

DeviceRecord passed(std::int64_t kv_len) {
  DeviceRecord record;
  record.device = "NVIDIA H200";
  record.kernel.name = "decode";
  record.problem = {.batch = 1, .query_heads = 8, .kv_heads = 2, .head_dim = 128};
  record.problem.kv_len = kv_len;
  record.problem.dtype = "f16";
  record.bytes = traces::Bytes{.key_values = 1 << 20, .value_values = 1 << 20, .dense = 1 << 22};
  record.traffic = {{traces::MemoryLevel::dram, 3e6, 1e6}};
  record.counters.emplace();
  (*record.counters)["instructions_alu"] = {5000.0, "instr"};
  return record;
}

Value cell(const Table& table, std::size_t row, const std::string& key) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].key == key) return table.rows.at(row)[i];
  }
  ADD_FAILURE() << "there is no column " << key;
  return Missing{};
}

TEST(TraceTables, ASimulatedRowHasNoTimeAndSaysWhy) {
  const Table table = wide_table({passed(64)});
  EXPECT_EQ(cell(table, 0, "time_ns"), Value(Missing{"simulated, no time"}));
  EXPECT_EQ(cell(table, 0, "dram_gb_per_s"), Value(Missing{}));
  EXPECT_EQ(cell(table, 0, "compression_ratio"), Value(2.0));
  EXPECT_EQ(cell(table, 0, "compressed_bytes"), Value(std::int64_t{2 << 20}));
  EXPECT_EQ(cell(table, 0, "instructions_alu"), Value(5000.0));
  EXPECT_THAT(to_text(results_table({passed(64)})), HasSubstr("simulated, no time"));
}

TEST(TraceTables, AMeasuredRowHasItsMedianAndBandwidth) {
  DeviceRecord record = passed(64);
  record.backend = traces::Backend::cuda;
  record.times = {{"cold", traces::Provenance::measured, {.count = 9, .median_ns = 2000}}};
  const Table table = wide_table({record});
  EXPECT_EQ(cell(table, 0, "time_ns"), Value(2000.0));
  EXPECT_EQ(cell(table, 0, "time_provenance"), Value(std::string("measured")));
  EXPECT_EQ(cell(table, 0, "dram_gb_per_s"), Value(2000.0));  // 4e6 bytes in 2 us
}

TEST(TraceTables, FailuresAndSkipsKeepTheirRowAndReason) {
  DeviceRecord skipped = passed(128);
  skipped.status = traces::Status::skipped;
  skipped.reason = "out of memory";
  skipped.bytes.reset();
  skipped.counters.reset();
  skipped.traffic.clear();
  const std::string text = to_text(results_table({passed(64), skipped}));
  EXPECT_THAT(text, HasSubstr("out of memory"));
  EXPECT_EQ(bytes_table({passed(64), skipped}).rows.size(), 1u);
  EXPECT_EQ(counters_table({skipped}).rows.size(), 0u);
}

TEST(TraceTables, CountersOfOneRecordAreEmptyInAnother) {
  DeviceRecord other = passed(128);
  (*other.counters)["rare"] = {7.0, "1"};
  const Table table = wide_table({passed(64), other});
  EXPECT_EQ(cell(table, 0, "rare"), Value(Missing{}));
  EXPECT_EQ(cell(table, 1, "rare"), Value(7.0));
}

TEST(TraceTables, AxesBecomeColumns) {
  DeviceRecord record = passed(64);
  record.axes["blocks"] = "5";
  EXPECT_EQ(cell(wide_table({record, passed(64)}), 1, "blocks"), Value(Missing{}));
  EXPECT_EQ(cell(wide_table({record}), 0, "blocks"), Value(std::string("5")));
}

TEST(TraceTables, TheLatestRecordOfAConfigurationIsShownInItsFirstPlace) {
  traces::Trace trace;
  DeviceRecord first = passed(64);
  first.status = traces::Status::timeout;
  trace.records = {first, passed(128), passed(64)};
  const std::vector<DeviceRecord> latest = latest_records(trace);
  ASSERT_EQ(latest.size(), 2u);
  EXPECT_EQ(latest[0].problem.kv_len, 64);
  EXPECT_EQ(latest[0].status, traces::Status::passed);
}

TEST(TraceTables, TheSameConfigurationOnTwoDevicesIsTwoRows) {
  traces::Trace trace;
  trace.environments["a"].device.name = "H200";
  trace.environments["b"].device.name = "L40S";
  DeviceRecord first = passed(64);
  first.environment_id = "a";
  DeviceRecord second = passed(64);
  second.environment_id = "b";
  trace.records = {first, second};
  EXPECT_EQ(latest_records(trace).size(), 2u);
  EXPECT_THAT(to_text(results_table(latest_records(trace))), HasSubstr("L40S"));
}

TEST(TraceTables, NoRecordsMakeATableWithoutRows) {
  EXPECT_THAT(to_text(results_table({})), HasSubstr("Results"));
  EXPECT_THAT(to_csv(wide_table({})), Not(HasSubstr("decode")));
}

}  // namespace
}  // namespace kvroof::report
