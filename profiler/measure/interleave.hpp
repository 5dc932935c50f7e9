// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "profiler/measure/clocks.hpp"
#include "profiler/measure/stopping.hpp"
#include "traces/trace.hpp"

namespace kvroof::measure {

/// Something that can be timed: `sample_ns` runs it once and says how long one launch took.
struct Contender {
  std::string name;
  std::function<double()> sample_ns;
};

/// Samples all contenders in rounds, one sample of each per round, until every one has enough: a
/// clock that drifts drifts for all of them, so that ratios hold. Every sample is kept. One that
/// was taken while the device was throttled is marked, does not count as enough, and is so taken
/// again until the rule's limits; when all were throttled the statistics are over all.
/// `seconds_now` is a clock for the timeout. Exceptions of sample_ns pass through.
std::vector<traces::Time> interleave(const std::vector<Contender>& contenders,
                                     const StoppingRule& rule, ClockSource& clocks,
                                     const std::function<double()>& seconds_now);

/// Seconds of a steady clock.
double steady_seconds();

}  // namespace kvroof::measure
