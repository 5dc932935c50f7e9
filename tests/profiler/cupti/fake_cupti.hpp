// SPDX-License-Identifier: Apache-2.0
// CUPTI's functions as a test wants them: all goes well, until one is made to refuse.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "profiler/cupti/api.hpp"

namespace kvroof::cupti {

/// What the fake answers; reset before every test.
struct Script {
  std::size_t passes = 3;            // until isAllPassSubmitted
  std::size_t announced_passes = 3;  // by the host side
  std::size_t dropped = 0;           // ranges
  std::size_t dropped_records = 0;   // of activity
  std::size_t stops = 0, disables = 0, prepares = 0, launches = 0;
  std::uint8_t object = 0;  // what opaque pointers point to
  CUpti_BuffersCallbackRequestFunc request = nullptr;
  CUpti_BuffersCallbackCompleteFunc complete = nullptr;
  std::vector<CUpti_ActivityKernel10> kernels;
  std::size_t next_kernel = 0;
  bool activity_enabled = false;
};
inline Script script;

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

inline CUptiResult flush(std::uint32_t) {
  std::uint8_t* buffer = nullptr;
  std::size_t size = 0, most = 0;
  script.request(&buffer, &size, &most);
  script.complete(nullptr, 0, buffer, size, size);
  return CUPTI_SUCCESS;
}

inline CUptiResult next_record(std::uint8_t*, std::size_t, CUpti_Activity** record) {
  if (script.next_kernel == script.kernels.size()) return CUPTI_ERROR_MAX_LIMIT_REACHED;
  *record = reinterpret_cast<CUpti_Activity*>(&script.kernels[script.next_kernel++]);
  return CUPTI_SUCCESS;
}

/// CUPTI as it is when all goes well: every metric is known, every value is 42.
inline Api working_api() {
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
  api.cuptiProfilerHostGetNumOfPasses = [](CUpti_Profiler_Host_GetNumOfPasses_Params* p) {
    p->numOfPasses = script.announced_passes;
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
  api.cuptiActivityGetNumDroppedRecords = [](CUcontext, std::uint32_t, std::size_t* dropped) {
    *dropped = script.dropped_records;
    return CUPTI_SUCCESS;
  };
  return api;
}

using Sabotage = void (*)(Api&);
#define KVROOF_REFUSED(name) [](Api& api) { fail_with<CUPTI_ERROR_UNKNOWN>(api.name); }

}  // namespace kvroof::cupti
