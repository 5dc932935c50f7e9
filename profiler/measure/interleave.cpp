// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/interleave.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "profiler/measure/statistics.hpp"

namespace kvroof::measure {
namespace {

/// The samples that count towards enough: none when all were throttled.
std::vector<double> unthrottled(const traces::Time& time) {
  if (time.throttled_samples.size() == time.samples_ns.size()) return {};
  return usable_samples(time.samples_ns, time.throttled_samples);
}

double mean(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

class Rounds {
 public:
  Rounds(const std::vector<Contender>& contenders, ClockSource& clocks)
      : contenders_(contenders),
        clocks_(clocks),
        times_(contenders.size()),
        clocks_mhz_(contenders.size()) {
    for (std::size_t i = 0; i < contenders.size(); ++i) times_[i].name = contenders[i].name;
  }

  void run_one() {
    for (std::size_t i = 0; i < contenders_.size(); ++i) {
      traces::Time& time = times_[i];
      time.samples_ns.push_back(contenders_[i].sample_ns());
      const std::optional<ClockReading> reading = clocks_.read();
      if (!reading) continue;
      clocks_mhz_[i].push_back(reading->sm_mhz);
      if (reading->throttled)
        time.throttled_samples.push_back(static_cast<std::int64_t>(time.samples_ns.size()) - 1);
    }
  }

  bool all_enough(const StoppingRule& rule, double elapsed_seconds) const {
    return std::all_of(times_.begin(), times_.end(), [&](const traces::Time& time) {
      return is_enough(rule, unthrottled(time), static_cast<std::int64_t>(time.samples_ns.size()),
                       elapsed_seconds);
    });
  }

  std::vector<traces::Time> finish() {
    for (std::size_t i = 0; i < times_.size(); ++i) {
      traces::Time& time = times_[i];
      time.provenance = traces::Provenance::measured;
      time.num_throttled = static_cast<std::int64_t>(time.throttled_samples.size());
      time.statistics = summarize(time.samples_ns, time.throttled_samples);
      if (!clocks_mhz_[i].empty()) time.sm_clock_mhz = mean(clocks_mhz_[i]);
    }
    return std::move(times_);
  }

 private:
  const std::vector<Contender>& contenders_;
  ClockSource& clocks_;
  std::vector<traces::Time> times_;
  std::vector<std::vector<double>> clocks_mhz_;  // [contender][readings]
};

}  // namespace

std::vector<traces::Time> interleave(const std::vector<Contender>& contenders,
                                     const StoppingRule& rule, ClockSource& clocks,
                                     const std::function<double()>& seconds_now) {
  Rounds rounds(contenders, clocks);
  const double start = seconds_now();
  do {
    rounds.run_one();
  } while (!rounds.all_enough(rule, seconds_now() - start));
  return rounds.finish();
}

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace kvroof::measure
