// SPDX-License-Identifier: Apache-2.0
// Recording of kernel activity, and every way in which CUPTI can refuse it, against a fake.
#include "profiler/cupti/activity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/profiler/cupti/fake_cupti.hpp"

namespace kvroof::cupti {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

CUpti_ActivityKernel10 kernel(const char* name, std::uint64_t start, std::uint64_t end) {
  CUpti_ActivityKernel10 record{};
  record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  record.name = name;
  record.start = start;
  record.end = end;
  record.streamId = 7;
  record.registersPerThread = 168;
  return record;
}

TEST(Activity, gives_the_kernels_in_the_order_they_started) {
  const Api api = working_api();
  script.kernels = {kernel("second", 200, 260), kernel("first", 100, 150)};
  const ActivityResult result = record_kernels(api, [] {
    EXPECT_TRUE(script.activity_enabled);
    ++script.launches;
  });
  EXPECT_EQ(result.reason, "");
  ASSERT_EQ(result.kernels.size(), 2u);
  EXPECT_EQ(result.kernels[0].name, "first");
  EXPECT_EQ(result.kernels[1].end_ns - result.kernels[1].start_ns, 60u);
  EXPECT_EQ(result.kernels[0].registers_per_thread, 168);
  EXPECT_EQ(script.launches, 1u);
  EXPECT_FALSE(script.activity_enabled);
}

TEST(Activity, names_kernels_as_people_write_them) {
  const Api api = working_api();
  script.kernels = {
      kernel(
          "_ZN6kvroof12cuda_backend9attention15split_kv_kernelINS0_4HalfELi128ELi1EEEvNS_9attention"
          "13DecodeProblemEi",
          1, 2),
      kernel("_ZN6kvroof6probes12_GLOBAL__N_112empty_kernelEv", 3, 4),
      kernel("memset_kernel", 5, 6), kernel(nullptr, 7, 8)};
  const ActivityResult result = record_kernels(api, [] {});
  ASSERT_EQ(result.kernels.size(), 4u);
  EXPECT_EQ(result.kernels[0].name, "attention::split_kv_kernel<Half, 128, 1>");
  EXPECT_EQ(result.kernels[1].name, "probes::empty_kernel");
  EXPECT_EQ(result.kernels[2].name, "memset_kernel") << "not C++";
  EXPECT_EQ(result.kernels[3].name, "");
}

TEST(Activity, records_of_other_kinds_are_passed_over) {
  const Api api = working_api();
  script.kernels = {kernel("copy", 1, 2), kernel("kernel", 3, 4)};
  script.kernels[0].kind = CUPTI_ACTIVITY_KIND_MEMCPY;
  const ActivityResult result = record_kernels(api, [] {});
  ASSERT_EQ(result.kernels.size(), 1u);
  EXPECT_EQ(result.kernels[0].name, "kernel");
}

TEST(Activity, nothing_recorded_is_a_reason_and_not_an_empty_success) {
  const Api api = working_api();
  EXPECT_EQ(record_kernels(api, [] {}).reason, "CUPTI recorded no kernel");
}

TEST(Activity, a_subscriber_that_is_there_already_becomes_the_reason) {
  Api api = working_api();
  fail_with<CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED>(api.cuptiActivityEnable);
  bool ran = false;
  EXPECT_THAT(record_kernels(api, [&] { ran = true; }).reason, HasSubstr("FAKE_TEXT"));
  EXPECT_FALSE(ran);
}

TEST(Activity, every_call_that_fails_becomes_the_reason_and_the_next_recording_works) {
  const std::vector<Sabotage> refusals = {KVROOF_REFUSED(cuptiActivityRegisterCallbacks),
                                          KVROOF_REFUSED(cuptiActivityEnable),
                                          KVROOF_REFUSED(cuptiActivityFlushAll)};
  for (const Sabotage refuse : refusals) {
    Api api = working_api();
    refuse(api);
    script.kernels = {kernel("decode", 1, 2)};
    EXPECT_THAT(record_kernels(api, [] {}).reason, HasSubstr("FAKE_TEXT (999)"));
    EXPECT_FALSE(script.activity_enabled);
    const Api mended = working_api();
    script.kernels = {kernel("decode", 1, 2)};
    EXPECT_EQ(record_kernels(mended, [] {}).reason, "");
  }
}

TEST(Activity, dropped_records_are_a_reason_and_not_a_shorter_list) {
  const Api api = working_api();
  script.kernels = {kernel("decode", 1, 2)};
  script.dropped_records = 3;
  EXPECT_EQ(record_kernels(api, [] {}).reason, "CUPTI dropped 3 activity records");
}

/// Launches of two kernels each; the second lasts 10 ns.
ActivityResult recorded(const std::vector<std::uint64_t>& first_ns) {
  ActivityResult result;
  std::uint64_t now = 0;
  for (const std::uint64_t duration : first_ns) {
    result.kernels.push_back({"decode", now, now + duration, 7, 168});
    result.kernels.push_back({"merge", now + 500, now + 510, 7, 32});
    now += 1000;
  }
  return result;
}

TEST(SplitLaunches, sums_the_kernels_of_a_launch_and_leaves_the_warm_up_out) {
  const LaunchTimes times = split_launches(recorded({400, 90, 30, 60}), 4, 1);
  EXPECT_EQ(times.reason, "");
  EXPECT_EQ(times.durations_ns, (std::vector<double>{100, 40, 70}));
  ASSERT_EQ(times.typical.size(), 2u) << "the launch of 70 ns, which is the median";
  EXPECT_EQ(times.typical[0].start_ns, 3000u);
  EXPECT_EQ(times.typical[1].name, "merge");
}

TEST(SplitLaunches, a_kernel_too_many_or_too_few_gives_no_times) {
  ActivityResult one_lost = recorded({90, 30, 60});
  one_lost.kernels.pop_back();
  EXPECT_EQ(split_launches(one_lost, 3, 1).reason,
            "CUPTI recorded 5 kernels for 3 launches, 1 of them to warm up");
  EXPECT_NE(split_launches(recorded({90}), 1, 1).reason, "") << "nothing beside the warm-up";
  EXPECT_THAT(split_launches(one_lost, 3, 1).durations_ns, IsEmpty());
  one_lost.reason = "no CUPTI";
  EXPECT_EQ(split_launches(one_lost, 3, 1).reason, "no CUPTI");
}

TEST(Activity, a_recording_within_a_recording_is_refused) {
  const Api api = working_api();
  std::string inner;
  record_kernels(api, [&] { inner = record_kernels(api, [] {}).reason; });
  EXPECT_THAT(inner, HasSubstr("already"));
}

TEST(Activity, a_failing_kernel_ends_the_recording_and_reaches_the_caller) {
  const Api api = working_api();
  EXPECT_THROW(record_kernels(api, [] { throw std::runtime_error("illegal address"); }),
               std::runtime_error);
  EXPECT_FALSE(script.activity_enabled);
}

}  // namespace
}  // namespace kvroof::cupti
