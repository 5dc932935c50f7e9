// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "traces/trace.hpp"

namespace kvroof::measure {

/// What was measured of one kernel.
struct Measured {
  std::vector<traces::Time> times{};  // "cold", "warm", "activity"
  std::map<std::string, traces::Counter> counters{};
  std::string counters_reason{};               // why there are none
  std::vector<traces::Activity> activities{};  // the launch that took the median time
  std::string activities_reason{};             // why there are none
  int registers_per_thread = 0;                // 0: not known
};

}  // namespace kvroof::measure
