// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "kernels/format/lane_chunk.hpp"
#include "profiler/sweep/record.hpp"
#include "tests/traces/temporary_folder.hpp"
#include "traces/read.hpp"

namespace kvroof::sweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using traces::Status;

std::vector<Planned> plan(const std::vector<std::string>& axes, Device& device) {
  Request request;
  for (const char* small : {"query_heads=4", "kv_heads=2"})
    request.axes.push_back(parse_axis(small));
  for (const std::string& axis : axes) {
    const Axis parsed = parse_axis(axis);
    std::erase_if(request.axes, [&](const Axis& other) { return other.name == parsed.name; });
    request.axes.push_back(parsed);
  }
  return make_plan(request, device, std::numeric_limits<std::uint64_t>::max());
}

traces::Record run_one(const std::vector<std::string>& axes, SweepOptions options = {}) {
  simt::Simulator device;
  Sweeper sweeper(device, std::move(options));
  return sweeper.run(plan(axes, device).front());
}

TEST(Sweep, ADecodeRecordHoldsWhatAReaderNeeds) {
  const traces::Record record = run_one({"kv_len=300", "sparsity=0.7", "batch=2"});
  EXPECT_EQ(record.status, Status::passed) << record.reason;
  EXPECT_EQ(record.kernel.name, "decode");
  EXPECT_EQ(record.problem.keys.requested_sparsity, 0.7);
  EXPECT_EQ(record.problem.keys.effective_sparsity, 0.6875);
  ASSERT_TRUE(record.validation);
  // Outputs and log-sum-exps of two sequences with four heads.
  EXPECT_EQ(record.validation->num_checked, 2 * 4 * 128 + 2 * 4);
  EXPECT_LE(record.validation->tolerance_share, 1);
  ASSERT_TRUE(record.plan);
  EXPECT_GT(record.plan->shared_bytes, 0u);
  EXPECT_THAT(record.times, IsEmpty());  // the simulator knows no time
  EXPECT_THAT(record.utc_time, HasSubstr("T"));
}

TEST(Sweep, CountersAreSimulatedAndThoseOfTheKernelAlone) {
  simt::Simulator device;
  Sweeper sweeper(device, {});
  const auto planned = plan({"kv_len=300", "kernel=[decode,pack_keys,pack_values]"}, device);
  std::vector<traces::Record> records;
  for (const Planned& one : planned) records.push_back(sweeper.run(one));
  ASSERT_TRUE(records[0].counters && records[1].counters && records[2].counters);
  for (const auto& [name, counter] : *records[0].counters)
    EXPECT_EQ(counter.provenance, traces::Provenance::simulated) << name;
  EXPECT_GT(*records[0].counters->at("mma").value, 0);
  EXPECT_EQ(*records[1].counters->at("mma").value, 0);
  EXPECT_NE(records[1].counters, records[2].counters);
}

TEST(Sweep, KernelsThatShareARunGetWhatTheyWouldGetAlone) {
  simt::Simulator device;
  Sweeper sweeper(device, {});
  const auto planned = plan({"kv_len=300", "kernel=[decode,pack_keys]"}, device);
  sweeper.run(planned[0]);
  traces::Record shared = sweeper.run(planned[1]);
  traces::Record alone = run_one({"kv_len=300", "kernel=pack_keys"});
  shared.utc_time = alone.utc_time = "";
  EXPECT_EQ(shared, alone);
}

TEST(Sweep, TrafficOfAPackKernelCoversWhatItReadsAndWrites) {
  const traces::Record record = run_one({"kv_len=288", "window=32", "kernel=pack_keys"});
  const std::uint64_t packed_rows = 2 * 256;  // heads * tokens outside the window
  const traces::Traffic& dram = record.traffic.front();
  EXPECT_GE(dram.read_bytes, static_cast<double>(packed_rows * 128 * 2));
  EXPECT_LE(dram.read_bytes, static_cast<double>(packed_rows * 128 * 2 + 64));
}

TEST(Sweep, BytesByPartAddUpToThePackedBuffers) {
  validate::Case one;
  one.batch = 3;
  one.kv_heads = 2;
  one.query_heads = 8;
  one.kv_lengths = {32, 96, 1000};  // none, one and 15 chunks outside a window of 32
  one.kept_keys = 40;
  one.kept_values = 41;
  const traces::Bytes bytes = validate::count_bytes("decode", one, 77);
  const std::int64_t chunks = 2 * (0 + 1 + 15);
  const std::int64_t window = 2 * (32 + 32 + 40);
  const auto packed = static_cast<std::uint64_t>(
      chunks * (lane_chunk::chunk_bytes(128, 40) + lane_chunk::chunk_bytes(128, 41)));
  const std::uint64_t lengths = 3 * 4;
  EXPECT_EQ(bytes.window, static_cast<std::uint64_t>(window * 128 * 2 * 2));
  EXPECT_EQ(traces::compressed_bytes(bytes) - bytes.window - lengths, packed);
  EXPECT_EQ(bytes.key_values, static_cast<std::uint64_t>(chunks * 64 * 40 * 2));
  EXPECT_EQ(bytes.dense, 2ull * (32 + 96 + 1000) * 128 * 2 * 2);
  EXPECT_EQ(bytes.partials, 77u);
  const traces::Bytes keys = validate::count_bytes("pack_keys", one, 77);
  const traces::Bytes values = validate::count_bytes("pack_values", one, 77);
  EXPECT_EQ(keys.value_values + values.key_values + keys.queries + values.partials, 0u);
  EXPECT_EQ(keys.dense + values.dense, bytes.dense);
}

TEST(Sweep, PlannedDeviceMemoryIsExactlyWhatARunAllocates) {
  for (const char* kv_len : {"kv_len=31", "kv_len=96", "kv_len=500"}) {
    simt::Simulator big;
    const Planned planned = plan({kv_len, "batch=2", "kept=37"}, big).front();
    simt::SimulatorOptions options;
    options.device.memory_bytes = static_cast<std::int64_t>(planned.fit.memory.device);
    simt::Simulator fitting(options);
    EXPECT_EQ(Sweeper(fitting, {}).run(planned).status, Status::passed) << kv_len;
    options.device.memory_bytes -= 1;
    simt::Simulator short_of_one(options);
    EXPECT_EQ(Sweeper(short_of_one, {}).run(planned).status, Status::error) << kv_len;
  }
}

TEST(Sweep, ASkipIsARecordWithItsReason) {
  const traces::Record record = run_one({"head_dim=96"});
  EXPECT_EQ(record.status, Status::skipped);
  EXPECT_THAT(record.reason, HasSubstr("head_dim must be"));
  EXPECT_FALSE(record.problem.keys.effective_sparsity);
  EXPECT_FALSE(record.counters);
}

TEST(Sweep, ATimeoutIsARecordThatSaysAtWhichStage) {
  const traces::Record record = run_one({"kv_len=300"}, {.timeout_seconds = 1e-9});
  EXPECT_EQ(record.status, Status::timeout);
  EXPECT_THAT(record.reason, HasSubstr("given up before"));
}

TEST(Sweep, ARunThatTimedOutIsNotReused) {
  simt::Simulator device;
  const auto planned = plan({"kv_len=300", "kernel=[decode,pack_keys]"}, device);
  Sweeper hasty(device, {.timeout_seconds = 1e-9});
  EXPECT_EQ(hasty.run(planned[0]).status, Status::timeout);
  EXPECT_EQ(hasty.run(planned[1]).status, Status::timeout);
}

TEST(Sweep, OnlyPassedConfigurationsAreCompletedByOthers) {
  int calls = 0;
  const Complete complete = [&](const Planned&, const CaseRun& run, traces::Record& record) {
    ++calls;
    EXPECT_EQ(run.launches.size(), 3u);
    record.predictions.push_back({.device = "somebody else's"});
  };
  const traces::Record record = run_one({"kv_len=128"}, {.complete = {complete}});
  EXPECT_EQ(record.predictions.size(), 1u);
  run_one({"head_dim=96"}, {.complete = {complete}});
  EXPECT_EQ(calls, 1);
}

// A wrong element anywhere in a checked row must show, at its place in the whole problem.
class SweepCheck : public ::testing::Test {
 protected:
  CaseRun run(int batch) {
    validate::Case one;
    one.batch = batch;
    one.query_heads = 6;
    one.kv_heads = 3;
    one.kv_lengths = {200};
    simt::Simulator device;
    return run_case(one, device, Deadline(0));
  }
  Deadline forever_{0};
};

TEST_F(SweepCheck, FindsAWrongOutputInEveryRow) {
  const CaseRun good = run(2);
  const CheckPlan all = plan_check(good.one, 0);
  ASSERT_TRUE(all.complete());
  EXPECT_EQ(check_kernel("decode", good, all, forever_).status, validate::Status::kPassed);
  for (const std::int64_t sequence : {0, 1}) {
    for (std::int64_t head = 0; head < 6; ++head) {
      CaseRun bad = good;
      const std::int64_t row = sequence * 6 + head;
      bad.result.outputs[static_cast<std::size_t>(row * 128 + 77)] ^= 0x4000;
      const CheckResult result = check_kernel("decode", bad, all, forever_);
      EXPECT_EQ(result.status, validate::Status::kFailed);
      EXPECT_EQ(result.num_mismatched, 1);
      EXPECT_THAT(result.worst_index, ElementsAre(sequence, head, 77));
    }
  }
}

TEST_F(SweepCheck, FindsAWrongBitInTheLastChunkOfTheLastRow) {
  CaseRun bad = run(2);
  bad.result.packed_values.chunks.back() ^= std::byte{1};  // padding or the last slot
  bad.result.packed_values.chunks[bad.result.packed_values.chunks.size() - 200] ^= std::byte{0x10};
  const CheckPlan all = plan_check(bad.one, 0);
  EXPECT_EQ(check_kernel("pack_values", bad, all, forever_).status, validate::Status::kFailed);
  EXPECT_EQ(check_kernel("pack_keys", bad, all, forever_).status, validate::Status::kPassed);
}

TEST_F(SweepCheck, AHazardFailsEveryKernelOfTheCase) {
  CaseRun raced = run(1);
  raced.reports = {"a race in line 12"};
  for (const char* kernel : {"decode", "pack_keys"}) {
    const CheckResult result = check_kernel(kernel, raced, plan_check(raced.one, 0), forever_);
    EXPECT_EQ(result.status, validate::Status::kFailed);
    EXPECT_THAT(result.reason, HasSubstr("line 12"));
  }
}

TEST_F(SweepCheck, ASampleIsSpreadFromTheFirstRowToTheLastAndSaysSo) {
  validate::Case one;
  one.batch = 5;
  one.kv_heads = 2;
  one.kv_lengths = {64};
  EXPECT_THAT(plan_check(one, 3).rows, ElementsAre(0, 4, 9));
  EXPECT_THAT(plan_check(one, 1).rows, ElementsAre(0));
  EXPECT_TRUE(plan_check(one, 99).complete());
  one.kv_lengths = {1 << 22};
  EXPECT_THAT(plan_check(one, 0).rows, ElementsAre(0, 9));
  const traces::Record record = run_one({"kv_len=100", "batch=2"}, {.check_rows = 2});
  EXPECT_THAT(record.validation->reference, HasSubstr("2 of 4"));
  EXPECT_EQ(record.validation->num_checked, 2 * (2 * 128 + 2));
}

class SweepResume : public ::testing::Test {
 protected:
  std::vector<Planned> planned() { return plan({"kv_len=[64,128,200]"}, device_); }
  void append(traces::Record record) {
    TraceOutput output(path(), describe_run(device_, {"kvroof", "sweep"}));
    output.append(record);
  }
  std::filesystem::path path() { return folder_ / "deep/er/trace.jsonl"; }
  Finished finished() {
    std::vector<std::string> warnings;
    return read_finished(path(), warnings);
  }
  traces::Record with_status(Status status) {
    traces::Record record = start_record(planned()[0].configuration, Backend::kSim);
    record.status = status;
    record.reason = status == Status::passed ? "" : "a reason";
    return record;
  }

  traces::testing::TemporaryFolder folder_;
  simt::Simulator device_;
};

TEST_F(SweepResume, NothingIsFinishedWithoutATrace) { EXPECT_THAT(finished(), IsEmpty()); }

TEST_F(SweepResume, WhatPassedOrFailedIsFinishedAndErrorsAreTriedAgain) {
  const std::vector<Planned> all = planned();
  for (const auto& [status, done] : {std::pair{Status::error, false},
                                     {Status::timeout, false},
                                     {Status::skipped, false},
                                     {Status::failed, true},
                                     {Status::passed, true}}) {
    append(with_status(status));
    EXPECT_EQ(is_finished(all[0], finished()), done) << name_of(status);
    EXPECT_FALSE(is_finished(all[1], finished()));
  }
}

TEST_F(SweepResume, ASkipIsFinishedWhileItWouldBeSkippedAgain) {
  append(with_status(Status::skipped));
  Planned still = planned()[0];
  still.fit.skip_reason = "out of memory";
  EXPECT_TRUE(is_finished(still, finished()));
}

TEST_F(SweepResume, RecordsComeBackAsTheyWereAndNameTheirEnvironment) {
  Sweeper sweeper(device_, {});
  traces::Record record = sweeper.run(planned()[1]);
  TraceOutput(path(), describe_run(device_, {"kvroof", "x y"})).append(record);
  const traces::Trace trace = traces::read_trace(path());
  ASSERT_EQ(trace.records.size(), 1u);
  EXPECT_EQ(trace.records.front(), record);
  const traces::Environment* environment = environment_of(trace, record);
  ASSERT_NE(environment, nullptr);
  EXPECT_THAT(environment->argv, ElementsAre("kvroof", "x y"));
  EXPECT_EQ(traces::configuration_key(record), planned()[1].key);
}

}  // namespace
}  // namespace kvroof::sweep
