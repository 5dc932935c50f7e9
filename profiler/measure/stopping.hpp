// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace kvroof::measure {

/// When a timing has been sampled often enough.
struct StoppingRule {
  std::int64_t min_samples = 10;  // that were not throttled
  std::int64_t max_samples = 100;
  double noise = 0.005;  // wanted relative uncertainty of the median, as median_noise() gives it
  double timeout_seconds = 2;  // of sampling; at least one sample is taken whatever it says
};

/// Relative uncertainty of the median: inter-quartile range / (median * sqrt(samples)). The
/// standard error of a median is of this size for any bell-shaped distribution (0.93 of it for a
/// normal one), and outliers do not enter. Infinite below two samples or for a median that is not
/// positive.
double median_noise(std::span<const double> samples);

/// Whether to stop: `usable` are the samples that were not throttled, `taken` counts all.
bool is_enough(const StoppingRule& rule, std::span<const double> usable, std::int64_t taken,
               double elapsed_seconds);

}  // namespace kvroof::measure
