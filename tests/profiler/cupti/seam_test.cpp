// SPDX-License-Identifier: Apache-2.0
// Every way in which CUPTI can refuse to count, against a fake of its functions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

#include "profiler/cupti/range_profiler.hpp"
#include "tests/profiler/cupti/fake_cupti.hpp"

namespace kvroof::cupti {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const CountedLaunch kLaunch = {[] { ++script.prepares; }, [] { ++script.launches; }, [] {}};

TEST(RangeProfiler, runs_the_launch_once_per_pass_and_prepares_the_caches_each_time) {
  const Api api = working_api();
  RangeProfiler profiler(api, 0, nullptr);
  const Counters counters = profiler.count(kLaunch);
  EXPECT_EQ(counters.reason, "");
  EXPECT_EQ(script.launches, 3u);
  EXPECT_EQ(script.prepares, 3u);
  EXPECT_EQ(counters.values.at("dram_read_bytes").value, 42.0);
  EXPECT_EQ(counters.values.at("dram_read_bytes").unit, "B");
  EXPECT_EQ(counters.values.at("dram_read_bytes").provenance, traces::Provenance::measured);
  EXPECT_EQ(profiler.count(kLaunch).reason, "") << "a second launch with the same profiler";
}

TEST(RangeProfiler, is_on_only_while_it_counts) {
  const Api api = working_api();
  RangeProfiler profiler(api, 0, nullptr);
  EXPECT_EQ(script.disables, 0u) << "off until something is counted";
  profiler.count(kLaunch);
  EXPECT_EQ(script.disables, 1u);
}

TEST(RangeProfiler, a_metric_that_the_chip_lacks_is_null_with_a_reason_beside_the_others) {
  Api api = working_api();
  api.cuptiProfilerHostGetMetricProperties = [](CUpti_Profiler_Host_GetMetricProperties_Params* p) {
    return std::strstr(p->pMetricName, "hit_rate") == nullptr ? CUPTI_SUCCESS
                                                              : CUPTI_ERROR_INVALID_PARAMETER;
  };
  const Counters counters = RangeProfiler(api, 0, nullptr).count(kLaunch);
  EXPECT_FALSE(counters.values.at("l2_hit_rate").value);
  EXPECT_THAT(counters.values.at("l2_hit_rate").reason, HasSubstr("this chip has no"));
  EXPECT_EQ(counters.values.at("instructions").value, 42.0);
}

TEST(RangeProfiler, missing_permission_says_how_to_get_it) {
  Api api = working_api();
  fail_with<CUPTI_ERROR_INSUFFICIENT_PRIVILEGES>(api.cuptiRangeProfilerEnable);
  const Counters counters = RangeProfiler(api, 0, nullptr).count(kLaunch);
  EXPECT_THAT(counters.remedy, HasSubstr("NVreg_RestrictProfilingToAdminUsers=0"));
  EXPECT_THAT(counters.values, IsEmpty());
  EXPECT_EQ(script.launches, 0u) << "nothing runs that nobody counts";
}

TEST(RangeProfiler, another_profiler_is_named_as_the_likely_cause) {
  Api api = working_api();
  fail_with<CUPTI_ERROR_HARDWARE_BUSY>(api.cuptiRangeProfilerStart);
  EXPECT_THAT(RangeProfiler(api, 0, nullptr).count(kLaunch).remedy, HasSubstr("another profiler"));
}

TEST(RangeProfiler, a_chip_that_cupti_does_not_know_becomes_the_reason) {
  Api api = working_api();
  fail_with<CUPTI_ERROR_INVALID_CHIP_NAME>(api.cuptiProfilerHostInitialize);
  const Counters counters = RangeProfiler(api, 0, nullptr).count(kLaunch);
  EXPECT_THAT(counters.reason, HasSubstr("does not know the chip GH100"));
  EXPECT_THAT(counters.remedy, HasSubstr("newer CUDA toolkit"));
}

TEST(RangeProfiler, passes_without_end_are_given_up) {
  const Api api = working_api();
  script.passes = 1'000'000;
  EXPECT_THAT(RangeProfiler(api, 0, nullptr).count(kLaunch).reason, HasSubstr("without end"));
  EXPECT_LE(script.launches, 20u);
}

TEST(RangeProfiler, as_many_passes_as_were_announced_are_run_however_many) {
  const Api api = working_api();
  script.passes = script.announced_passes = 300;
  const Counters counters = RangeProfiler(api, 0, nullptr).count(kLaunch);
  EXPECT_EQ(counters.reason, "");
  EXPECT_EQ(script.launches, 300u);
}

TEST(RangeProfiler, an_extra_metric_that_cannot_be_scheduled_costs_only_itself) {
  Api api = working_api();
  api.cuptiProfilerHostConfigAddMetrics = [](CUpti_Profiler_Host_ConfigAddMetrics_Params* p) {
    for (std::size_t i = 0; i < p->numMetrics; ++i) {
      if (std::strcmp(p->ppMetricNames[i], "described_only") == 0)
        return CUPTI_ERROR_INVALID_METRIC_NAME;
    }
    return CUPTI_SUCCESS;
  };
  const Counters counters =
      RangeProfiler(api, 0, nullptr, {"described_only", "good.sum"}).count(kLaunch);
  EXPECT_EQ(counters.reason, "");
  EXPECT_FALSE(counters.values.at("described_only").value);
  EXPECT_THAT(counters.values.at("described_only").reason, HasSubstr("FAKE_TEXT (17)"));
  EXPECT_EQ(counters.values.at("good.sum").value, 42.0);
  EXPECT_EQ(counters.values.at("instructions").value, 42.0);
}

TEST(RangeProfiler, a_dropped_range_gives_no_numbers) {
  const Api api = working_api();
  script.dropped = 1;
  const Counters counters = RangeProfiler(api, 0, nullptr).count(kLaunch);
  EXPECT_THAT(counters.reason, HasSubstr("dropped"));
  EXPECT_THAT(counters.values, IsEmpty());
}

const std::vector<Sabotage> kRefusals = {
    KVROOF_REFUSED(cuptiProfilerInitialize),
    KVROOF_REFUSED(cuptiDeviceGetChipName),
    KVROOF_REFUSED(cuptiProfilerGetCounterAvailability),
    KVROOF_REFUSED(cuptiProfilerHostInitialize),
    KVROOF_REFUSED(cuptiProfilerHostGetNumOfPasses),
    KVROOF_REFUSED(cuptiRangeProfilerEnable),
    KVROOF_REFUSED(cuptiRangeProfilerGetCounterDataSize),
    KVROOF_REFUSED(cuptiRangeProfilerCounterDataImageInitialize),
    KVROOF_REFUSED(cuptiRangeProfilerSetConfig),
    KVROOF_REFUSED(cuptiRangeProfilerStart),
    KVROOF_REFUSED(cuptiRangeProfilerPushRange),
    KVROOF_REFUSED(cuptiRangeProfilerPopRange),
    KVROOF_REFUSED(cuptiRangeProfilerStop),
    KVROOF_REFUSED(cuptiRangeProfilerDecodeData),
    KVROOF_REFUSED(cuptiProfilerHostEvaluateToGpuValues)};
// These refuse each metric by itself first.
const std::vector<Sabotage> kMetricRefusals = {KVROOF_REFUSED(cuptiProfilerHostGetMetricProperties),
                                               KVROOF_REFUSED(cuptiProfilerHostConfigAddMetrics),
                                               KVROOF_REFUSED(cuptiProfilerHostGetConfigImageSize),
                                               KVROOF_REFUSED(cuptiProfilerHostGetConfigImage)};

TEST(RangeProfiler, whatever_call_fails_the_counters_are_null_with_cuptis_text) {
  for (std::size_t i = 0; i < kRefusals.size(); ++i) {
    Api api = working_api();
    kRefusals[i](api);
    const Counters counters = RangeProfiler(api, 0, nullptr).count(kLaunch);
    EXPECT_THAT(counters.reason, HasSubstr("FAKE_TEXT (999)")) << "refusal " << i;
    EXPECT_THAT(counters.values, IsEmpty()) << "refusal " << i;
  }
}

TEST(RangeProfiler, when_every_metric_is_refused_the_counters_are_null_and_nothing_runs) {
  for (std::size_t i = 0; i < kMetricRefusals.size(); ++i) {
    Api api = working_api();
    kMetricRefusals[i](api);
    const Counters counters = RangeProfiler(api, 0, nullptr).count(kLaunch);
    EXPECT_THAT(counters.reason, HasSubstr("no counter can be had")) << "refusal " << i;
    EXPECT_THAT(counters.reason, HasSubstr(i == 0 ? "no metric of that name" : "FAKE_TEXT (999)"));
    EXPECT_EQ(script.launches, 0u) << "refusal " << i;
  }
}

TEST(Remedies, are_told_by_the_cause_and_not_guessed) {
  EXPECT_THAT(std::string(remedy_of(CUPTI_ERROR_INSUFFICIENT_PRIVILEGES)),
              HasSubstr("--cap-add SYS_ADMIN"));
  EXPECT_THAT(std::string(remedy_of(CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED)),
              HasSubstr("end it"));
  EXPECT_THAT(std::string(remedy_of(CUPTI_ERROR_MIG_DEVICE_NOT_SUPPORTED)), HasSubstr("MIG"));
  EXPECT_EQ(remedy_of(CUPTI_ERROR_UNKNOWN), "");
  EXPECT_EQ(remedy_of(CUPTI_SUCCESS), "");
}

TEST(RangeProfiler, a_kernel_that_fails_while_it_is_counted_is_no_cupti_matter) {
  const Api api = working_api();
  RangeProfiler profiler(api, 0, nullptr);
  EXPECT_THROW(profiler.count({[] {}, [] { throw std::invalid_argument("bad problem"); }, [] {}}),
               std::invalid_argument);
  EXPECT_EQ(script.disables, 1u);
}

TEST(Library, that_is_not_there_says_what_would_bring_it) {
  const Library library = open_library("/nowhere/libcupti.so.13");
  EXPECT_FALSE(library.usable());
  EXPECT_THAT(library.reason, HasSubstr("/nowhere/libcupti.so.13"));
}

TEST(Library, that_is_another_one_is_named_with_what_it_lacks) {
  const Library library = open_library("libm.so.6");
  EXPECT_FALSE(library.usable());
  EXPECT_THAT(library.reason, HasSubstr("cuptiGetVersion"));
}

}  // namespace
}  // namespace kvroof::cupti
