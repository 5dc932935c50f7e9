// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/time_left.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "profiler/sweep/sweep.hpp"

namespace kvroof::sweep {

std::optional<double> probe_seconds_per_cost(Device& device) {
  if (device.backend() != Backend::kSim) return std::nullopt;
  Planned probe;
  probe.configuration.one.query_heads = 8;
  probe.configuration.one.kv_heads = 2;
  probe.configuration.one.kv_lengths = {512};
  probe.fit = fit(probe.configuration, device, available_host_bytes());
  const auto start = std::chrono::steady_clock::now();
  Sweeper(device, {}).run(probe);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  return taken.count() / simulation_cost(probe.configuration.one);
}

std::string TimeLeft::describe() const {
  if (done_ <= 0) return "";
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start_;
  return fmt::format("about {} left", clock_time(taken.count() * (total_ - done_) / done_));
}

std::string clock_time(double seconds) {
  constexpr std::int64_t minute = 60;
  constexpr std::int64_t hour = 60 * minute;
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  if (whole < hour) return fmt::format("{}:{:02}", whole / minute, whole % minute);
  return fmt::format("{}:{:02}:{:02}", whole / hour, whole % hour / minute, whole % minute);
}

}  // namespace kvroof::sweep
