// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "profiler/cupti/api.hpp"
#include "profiler/cupti/metrics.hpp"
#include "traces/trace.hpp"

namespace kvroof::cupti {

/// Hardware counters, or the sentence that says why there are none.
struct Counters {
  std::map<std::string, traces::Counter> values;
  std::string reason;  // empty: values were counted
  std::string remedy;  // what can be done about the reason, remedy_of(); "" when that is not known
};

/// One launch to be counted: before every pass `prepare` brings the caches to the state that the
/// launch shall find, uncounted.
struct CountedLaunch {
  std::function<void()> prepare;
  std::function<void()> launch;
  std::function<void()> synchronize;
};

/// Counts launches with CUPTI's Range Profiler: one user range, replayed by running it again, pass
/// by pass. Slows the kernels down: never time what is being counted.
class RangeProfiler {
 public:
  /// `extra` are more CUPTI metric names. What is missing is no exception but the reason that
  /// count() gives.
  RangeProfiler(const Api& api, int device, CUcontext context,
                const std::vector<std::string>& extra = {});
  ~RangeProfiler();
  RangeProfiler(const RangeProfiler&) = delete;
  RangeProfiler& operator=(const RangeProfiler&) = delete;

  /// Failures become the reason; the launch's own exceptions pass through.
  Counters count(const CountedLaunch& launch);

 private:
  struct Session;
  std::unique_ptr<Session> session_;
  Counters refused_;  // without a session: why
};

}  // namespace kvroof::cupti
