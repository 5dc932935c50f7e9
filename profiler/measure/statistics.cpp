// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace kvroof::measure {

double quantile(std::span<const double> sorted, double share) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - std::floor(place));
}

double median(std::span<const double> numbers) {
  std::vector<double> sorted(numbers.begin(), numbers.end());
  std::sort(sorted.begin(), sorted.end());
  return quantile(sorted, 0.5);
}

std::vector<double> usable_samples(std::span<const double> samples_ns,
                                   std::span<const std::int64_t> throttled) {
  std::vector<double> usable;
  for (std::size_t i = 0; i < samples_ns.size(); ++i) {
    if (std::find(throttled.begin(), throttled.end(), static_cast<std::int64_t>(i)) ==
        throttled.end()) {
      usable.push_back(samples_ns[i]);
    }
  }
  return usable.empty() ? std::vector<double>(samples_ns.begin(), samples_ns.end()) : usable;
}

traces::Statistics summarize(std::span<const double> samples_ns,
                             std::span<const std::int64_t> throttled) {
  traces::Statistics statistics;
  std::vector<double> sorted = usable_samples(samples_ns, throttled);
  if (sorted.empty()) return statistics;
  std::sort(sorted.begin(), sorted.end());
  const auto count = static_cast<double>(sorted.size());
  statistics.count = static_cast<std::int64_t>(sorted.size());
  statistics.median_ns = quantile(sorted, 0.5);
  statistics.q1_ns = quantile(sorted, 0.25);
  statistics.q3_ns = quantile(sorted, 0.75);
  statistics.min_ns = sorted.front();
  statistics.max_ns = sorted.back();
  statistics.mean_ns = std::accumulate(sorted.begin(), sorted.end(), 0.0) / count;
  if (sorted.size() < 2) return statistics;
  double squares = 0;
  for (const double sample : sorted) squares += std::pow(sample - statistics.mean_ns, 2);
  statistics.stddev_ns = std::sqrt(squares / (count - 1));
  return statistics;
}

}  // namespace kvroof::measure
