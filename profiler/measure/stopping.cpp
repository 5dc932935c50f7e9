// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/stopping.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "profiler/measure/statistics.hpp"

namespace kvroof::measure {

double median_noise(std::span<const double> samples) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  const double middle = quantile(sorted, 0.5);
  if (sorted.size() < 2 || !(middle > 0)) return std::numeric_limits<double>::infinity();
  const double range = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  return range / (middle * std::sqrt(static_cast<double>(sorted.size())));
}

bool is_enough(const StoppingRule& rule, std::span<const double> usable, std::int64_t taken,
               double elapsed_seconds) {
  if (taken == 0) return false;
  if (taken >= rule.max_samples || elapsed_seconds >= rule.timeout_seconds) return true;
  return static_cast<std::int64_t>(usable.size()) >= rule.min_samples &&
         median_noise(usable) <= rule.noise;
}

}  // namespace kvroof::measure
