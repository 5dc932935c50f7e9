// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cupti.h>
#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace kvroof::cupti {

/// Every function of CUPTI that is called here.
#define KVROOF_CUPTI_FUNCTIONS(X)                 \
  X(cuptiGetVersion)                              \
  X(cuptiGetResultString)                         \
  X(cuptiActivityRegisterCallbacks)               \
  X(cuptiActivityEnable)                          \
  X(cuptiActivityDisable)                         \
  X(cuptiActivityFlushAll)                        \
  X(cuptiActivityGetNextRecord)                   \
  X(cuptiActivityGetNumDroppedRecords)            \
  X(cuptiProfilerInitialize)                      \
  X(cuptiDeviceGetChipName)                       \
  X(cuptiProfilerGetCounterAvailability)          \
  X(cuptiProfilerHostInitialize)                  \
  X(cuptiProfilerHostDeinitialize)                \
  X(cuptiProfilerHostGetSupportedChips)           \
  X(cuptiProfilerHostGetMetricProperties)         \
  X(cuptiProfilerHostConfigAddMetrics)            \
  X(cuptiProfilerHostGetConfigImageSize)          \
  X(cuptiProfilerHostGetConfigImage)              \
  X(cuptiProfilerHostGetNumOfPasses)              \
  X(cuptiProfilerHostEvaluateToGpuValues)         \
  X(cuptiRangeProfilerEnable)                     \
  X(cuptiRangeProfilerDisable)                    \
  X(cuptiRangeProfilerGetCounterDataSize)         \
  X(cuptiRangeProfilerCounterDataImageInitialize) \
  X(cuptiRangeProfilerSetConfig)                  \
  X(cuptiRangeProfilerStart)                      \
  X(cuptiRangeProfilerStop)                       \
  X(cuptiRangeProfilerPushRange)                  \
  X(cuptiRangeProfilerPopRange)                   \
  X(cuptiRangeProfilerDecodeData)

/// The seam to CUPTI: its functions by pointer. load() fills them from libcupti; a test puts its
/// own in their place.
struct Api {
#define KVROOF_CUPTI_MEMBER(name) decltype(&::name) name = nullptr;
  KVROOF_CUPTI_FUNCTIONS(KVROOF_CUPTI_MEMBER)
#undef KVROOF_CUPTI_MEMBER
};

/// CUPTI, or the sentence that says why it is not here and what would bring it.
struct Library {
  Api api;
  std::string path;    // as it was opened
  std::string reason;  // empty: usable
  bool usable() const { return reason.empty(); }
};

/// Opens libcupti.so of the toolkit that this program was compiled with: beside the program, where
/// LD_LIBRARY_PATH and the loader's own list lead, then in /usr/local/cuda. The program is not
/// linked with it, so it starts without. Never throws; the library stays open until the program
/// ends.
const Library& load();
/// The same from one file.
Library open_library(const std::string& path);

/// What a person can do about a result of CUPTI, as a sentence without its full stop; "" where the
/// result names no cause. The one table of remedies: reasons in records and kvroof doctor use it.
std::string_view remedy_of(CUptiResult result);

/// Something that CUPTI did not do.
class Error : public std::runtime_error {
 public:
  /// `result` is success where no call failed and yet nothing came out.
  explicit Error(const std::string& what, CUptiResult result = CUPTI_SUCCESS)
      : runtime_error(what), result_(result) {}
  CUptiResult result() const { return result_; }

 private:
  CUptiResult result_;
};

/// Throws Error "<what>: <CUPTI's text> (<number>)" unless `result` is success.
void check(const Api& api, CUptiResult result, const char* what);

/// A parameter struct of CUPTI with its size filled in and the rest zero.
template <class Params>
Params make_params(std::size_t size) {
  Params params{};
  params.structSize = size;
  return params;
}
#define KVROOF_CUPTI_PARAMS(type) \
  ::kvroof::cupti::make_params<type##_Params>(type##_Params_STRUCT_SIZE)

}  // namespace kvroof::cupti
