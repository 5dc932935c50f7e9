// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "traces/trace.hpp"

namespace kvroof::measure {

/// The quantile `share` (0..1) of sorted numbers, interpolated linearly between neighbours (type 7
/// of Hyndman and Fan, The American Statistician 50(4), 1996). NaN for no numbers.
double quantile(std::span<const double> sorted, double share);

double median(std::span<const double> numbers);

/// Statistics of the samples that were not throttled; of all of them when every one was.
/// `throttled` holds indices into samples_ns.
traces::Statistics summarize(std::span<const double> samples_ns,
                             std::span<const std::int64_t> throttled = {});

/// The samples that summarize() is about.
std::vector<double> usable_samples(std::span<const double> samples_ns,
                                   std::span<const std::int64_t> throttled);

/// The Mann-Whitney U test (Mann and Whitney, Annals of Mathematical Statistics 18(1), 1947), two
/// sided: does one group tend to have larger numbers? It asks nothing of the shape of the
/// distributions, only that samples are independent.
struct RankTest {
  double p = 1;  // probability of a U at least as far from its mean when the groups are alike
  /// Share of pairs in which the second group's number is the larger one, ties half: 0.5 when
  /// alike. Vargha and Delaney's A, Journal of Educational and Behavioral Statistics 25(2), 2000.
  double superiority = 0.5;
  /// The smallest p that groups of these sizes can give: above the wanted level the test cannot
  /// tell anything.
  double least_p = 1;
};

/// Exact by counting arrangements where both groups have at most 20 numbers and none is tied; else
/// by the normal approximation with corrections for ties and continuity. NaN is not allowed.
RankTest mann_whitney(std::span<const double> first, std::span<const double> second);

}  // namespace kvroof::measure
