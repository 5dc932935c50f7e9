// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "profiler/sweep/plan.hpp"

namespace kvroof::sweep {

/// Seconds that a unit of Planned::cost takes on this device: runs and checks a small case.
/// Nothing on CUDA, where the cost says little.
std::optional<double> probe_seconds_per_cost(Device& device);

/// Tells how long the rest of a plan will take, from how long the part that is done took.
class TimeLeft {
 public:
  explicit TimeLeft(double total_cost) : total_(total_cost) {}
  void finish(double cost) { done_ += cost; }
  /// "about 2:05 left"; "" until something is done.
  std::string describe() const;

 private:
  double total_;
  double done_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// "0:07", "12:30", "3:04:59".
std::string clock_time(double seconds);

}  // namespace kvroof::sweep
