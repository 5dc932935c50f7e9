// SPDX-License-Identifier: Apache-2.0
// Every way in which CUPTI can refuse, against a fake of its functions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "profiler/cupti/activity.hpp"
#include "profiler/cupti/range_profiler.hpp"

namespace kvroof::cupti {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// What the fake answers; reset before every test.
struct Script {
  std::size_t passes = 3;  // until isAllPassSubmitted
  std::size_t dropped = 0;
  std::size_t stops = 0, disables = 0, prepares = 0, launches = 0;
  std::uint8_t object = 0;  // what opaque pointers point to
  CUpti_BuffersCallbackRequestFunc request = nullptr;
  CUpti_BuffersCallbackCompleteFunc complete = nullptr;
  std::vector<CUpti_ActivityKernel10> kernels;
  std::size_t next_kernel = 0;
  bool activity_enabled = false;
};
Script script;

template <class T>
T* opaque() {
  return reinterpret_cast<T*>(&script.object);
}

/// A function that succeeds and touches nothing.
template <class Result, class... Args>
void succeed(Result (*&function)(Args...)) {
  function = [](Args...) -> Result { return CUPTI_SUCCESS; };
}
/// A function that fails with `result`.
template <CUptiResult result, class... Args>
void fail_with(CUptiResult (*&function)(Args...)) {
  function = [](Args...) -> CUptiResult { return result; };
}

CUptiResult flush(std::uint32_t) {
  std::uint8_t* buffer = nullptr;
  std::size_t size = 0, most = 0;
  script.request(&buffer, &size, &most);
  script.complete(nullptr, 0, buffer, size, size);
  return CUPTI_SUCCESS;
}

CUptiResult next_record(std::uint8_t*, std::size_t, CUpti_Activity** record) {
  if (script.next_kernel == script.kernels.size()) return CUPTI_ERROR_MAX_LIMIT_REACHED;
  *record = reinterpret_cast<CUpti_Activity*>(&script.kernels[script.next_kernel++]);
  return CUPTI_SUCCESS;
}

/// CUPTI as it is when all goes well: every metric is known, every value is 42.
Api working_api() {
  script = {};
  Api api;
#define KVROOF_SUCCEED(name) succeed(api.name);
  KVROOF_CUPTI_FUNCTIONS(KVROOF_SUCCEED)
#undef KVROOF_SUCCEED
  api.cuptiGetResultString = [](CUptiResult, const char** text) {
    *text = "FAKE_TEXT";
    return CUPTI_SUCCESS;
  };
  api.cuptiDeviceGetChipName = [](CUpti_Device_GetChipName_Params* p) {
    p->pChipName = "GH100";
    return CUPTI_SUCCESS;
  };
  api.cuptiProfilerHostInitialize = [](CUpti_Profiler_Host_Initialize_Params* p) {
    p->pHostObject = opaque<CUpti_Profiler_Host_Object>();
    return CUPTI_SUCCESS;
  };
  api.cuptiProfilerHostEvaluateToGpuValues = [](CUpti_Profiler_Host_EvaluateToGpuValues_Params* p) {
    std::fill(p->pMetricValues, p->pMetricValues + p->numMetrics, 42.0);
    return CUPTI_SUCCESS;
  };
  api.cuptiRangeProfilerEnable = [](CUpti_RangeProfiler_Enable_Params* p) {
    p->pRangeProfilerObject = opaque<CUpti_RangeProfiler_Object>();
    return CUPTI_SUCCESS;
  };
  api.cuptiRangeProfilerDisable = [](CUpti_RangeProfiler_Disable_Params*) {
    ++script.disables;
    return CUPTI_SUCCESS;
  };
  api.cuptiRangeProfilerStop = [](CUpti_RangeProfiler_Stop_Params* p) {
    p->isAllPassSubmitted = ++script.stops % script.passes == 0;
    return CUPTI_SUCCESS;
  };
  api.cuptiRangeProfilerDecodeData = [](CUpti_RangeProfiler_DecodeData_Params* p) {
    p->numOfRangeDropped = script.dropped;
    return CUPTI_SUCCESS;
  };
  api.cuptiActivityRegisterCallbacks = [](CUpti_BuffersCallbackRequestFunc request,
                                          CUpti_BuffersCallbackCompleteFunc complete) {
    script.request = request;
    script.complete = complete;
    return CUPTI_SUCCESS;
  };
  api.cuptiActivityEnable = [](CUpti_ActivityKind) {
    script.activity_enabled = true;
    return CUPTI_SUCCESS;
  };
  api.cuptiActivityDisable = [](CUpti_ActivityKind) {
    script.activity_enabled = false;
    return CUPTI_SUCCESS;
  };
  api.cuptiActivityFlushAll = flush;
  api.cuptiActivityGetNextRecord = next_record;
  return api;
}

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
  EXPECT_THAT(counters.reason, HasSubstr("NVreg_RestrictProfilingToAdminUsers=0"));
  EXPECT_THAT(counters.values, IsEmpty());
  EXPECT_EQ(script.launches, 0u) << "nothing runs that nobody counts";
}

TEST(RangeProfiler, another_profiler_is_named_as_the_likely_cause) {
  Api api = working_api();
  fail_with<CUPTI_ERROR_HARDWARE_BUSY>(api.cuptiRangeProfilerStart);
  EXPECT_THAT(RangeProfiler(api, 0, nullptr).count(kLaunch).reason, HasSubstr("another profiler"));
}

TEST(RangeProfiler, a_chip_that_cupti_does_not_know_becomes_the_reason) {
  Api api = working_api();
  fail_with<CUPTI_ERROR_INVALID_PARAMETER>(api.cuptiProfilerHostInitialize);
  EXPECT_THAT(RangeProfiler(api, 0, nullptr).reason(), HasSubstr("does not know the chip GH100"));
}

TEST(RangeProfiler, passes_without_end_are_given_up) {
  const Api api = working_api();
  script.passes = 1'000'000;
  EXPECT_THAT(RangeProfiler(api, 0, nullptr).count(kLaunch).reason, HasSubstr("without end"));
  EXPECT_LE(script.launches, 100u);
}

TEST(RangeProfiler, a_dropped_range_gives_no_numbers) {
  const Api api = working_api();
  script.dropped = 1;
  const Counters counters = RangeProfiler(api, 0, nullptr).count(kLaunch);
  EXPECT_THAT(counters.reason, HasSubstr("dropped"));
  EXPECT_THAT(counters.values, IsEmpty());
}

using Sabotage = void (*)(Api&);
#define KVROOF_REFUSED(name) [](Api& api) { fail_with<CUPTI_ERROR_UNKNOWN>(api.name); }
const std::array<Sabotage, 13> kRefusals = {KVROOF_REFUSED(cuptiProfilerInitialize),
                                            KVROOF_REFUSED(cuptiDeviceGetChipName),
                                            KVROOF_REFUSED(cuptiProfilerGetCounterAvailability),
                                            KVROOF_REFUSED(cuptiProfilerHostConfigAddMetrics),
                                            KVROOF_REFUSED(cuptiProfilerHostGetConfigImage),
                                            KVROOF_REFUSED(cuptiProfilerHostGetNumOfPasses),
                                            KVROOF_REFUSED(cuptiRangeProfilerGetCounterDataSize),
                                            KVROOF_REFUSED(cuptiRangeProfilerSetConfig),
                                            KVROOF_REFUSED(cuptiRangeProfilerPushRange),
                                            KVROOF_REFUSED(cuptiRangeProfilerPopRange),
                                            KVROOF_REFUSED(cuptiRangeProfilerStop),
                                            KVROOF_REFUSED(cuptiRangeProfilerDecodeData),
                                            KVROOF_REFUSED(cuptiProfilerHostEvaluateToGpuValues)};

TEST(RangeProfiler, whatever_call_fails_the_counters_are_null_with_cuptis_text) {
  for (std::size_t i = 0; i < kRefusals.size(); ++i) {
    Api api = working_api();
    kRefusals[i](api);
    const Counters counters = RangeProfiler(api, 0, nullptr).count(kLaunch);
    EXPECT_THAT(counters.reason, HasSubstr("FAKE_TEXT (999)")) << "refusal " << i;
    EXPECT_THAT(counters.values, IsEmpty()) << "refusal " << i;
  }
}

TEST(RangeProfiler, a_kernel_that_fails_while_it_is_counted_is_no_cupti_matter) {
  const Api api = working_api();
  RangeProfiler profiler(api, 0, nullptr);
  EXPECT_THROW(profiler.count({[] {}, [] { throw std::invalid_argument("bad problem"); }, [] {}}),
               std::invalid_argument);
  EXPECT_EQ(script.disables, 1u);
}

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
