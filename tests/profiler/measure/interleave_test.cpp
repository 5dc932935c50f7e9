// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/interleave.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace kvroof::measure {
namespace {

constexpr StoppingRule kRule{
    .min_samples = 10, .max_samples = 40, .noise = 0.01, .timeout_seconds = 100};

/// Clocks that say what a test wants, one answer after the other, the last one for ever.
class ScriptedClocks final : public ClockSource {
 public:
  explicit ScriptedClocks(std::vector<std::optional<ClockReading>> answers)
      : answers_(std::move(answers)) {}
  std::optional<ClockReading> read() override {
    return answers_[std::min(next_++, answers_.size() - 1)];
  }

 private:
  std::vector<std::optional<ClockReading>> answers_;
  std::size_t next_ = 0;
};

double never() { return 0; }

TEST(Interleave, takes_a_sample_of_each_in_turn_so_that_drift_meets_all_alike) {
  std::string order;
  double drift = 1;
  const std::vector<Contender> contenders = {{"slow",
                                              [&] {
                                                order += 's';
                                                return 200 * (drift += 0.01);
                                              }},
                                             {"fast", [&] {
                                                order += 'f';
                                                return 100 * drift;
                                              }}};
  NoClocks clocks;
  const auto times = interleave(contenders, kRule, clocks, never);
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(order.substr(0, 6), "sfsfsf");
  EXPECT_EQ(times[0].samples_ns.size(), times[1].samples_ns.size());
  EXPECT_NEAR(times[0].statistics.median_ns / times[1].statistics.median_ns, 2, 1e-9);
  EXPECT_EQ(times[0].name, "slow");
  EXPECT_EQ(times[0].provenance, traces::Provenance::measured);
  EXPECT_FALSE(times[0].sm_clock_mhz) << "nobody could read the clock";
}

TEST(Interleave, a_throttled_sample_is_kept_marked_and_taken_again) {
  ScriptedClocks clocks(
      {ClockReading{1000, true}, ClockReading{1000, true}, ClockReading{1900, false}});
  double sample = 500;  // the first two, while throttled
  int taken = 0;
  const auto times =
      interleave({{"one", [&] { return ++taken <= 2 ? sample : 100; }}}, kRule, clocks, never);
  EXPECT_EQ(times[0].samples_ns.size(), 12u) << "ten that count, and the two";
  EXPECT_EQ(times[0].throttled_samples, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(times[0].num_throttled, 2);
  EXPECT_EQ(times[0].statistics.median_ns, 100);
  EXPECT_EQ(times[0].statistics.count, 10);
}

TEST(Interleave, each_contender_has_the_clock_of_its_own_samples) {
  std::vector<std::optional<ClockReading>> answers;
  for (int i = 0; i < 10; ++i) {
    answers.push_back(ClockReading{1900, false});
    answers.push_back(ClockReading{1500, false});
  }
  ScriptedClocks clocks(std::move(answers));
  const auto times = interleave({{"light", [] { return 10.0; }}, {"heavy", [] { return 20.0; }}},
                                kRule, clocks, never);
  EXPECT_EQ(times[0].sm_clock_mhz, 1900);
  EXPECT_EQ(times[1].sm_clock_mhz, 1500);
}

TEST(Interleave, a_device_that_is_always_throttled_still_gives_a_result) {
  ScriptedClocks clocks({ClockReading{600, true}});
  const auto times = interleave({{"one", [] { return 70.0; }}}, kRule, clocks, never);
  EXPECT_EQ(times[0].samples_ns.size(), 40u) << "tried until the most samples";
  EXPECT_EQ(times[0].num_throttled, 40);
  EXPECT_EQ(times[0].statistics.median_ns, 70);
  EXPECT_EQ(times[0].sm_clock_mhz, 600);
}

TEST(Interleave, a_timeout_that_is_over_at_once_leaves_one_sample) {
  double now = 0;
  NoClocks clocks;
  const auto times =
      interleave({{"one", [] { return 7.0; }}}, kRule, clocks, [&] { return now += 1000; });
  EXPECT_EQ(times[0].samples_ns, std::vector<double>{7.0});
}

TEST(Interleave, goes_on_until_the_noisiest_has_enough) {
  int taken = 0;
  NoClocks clocks;
  const auto times = interleave({{"steady", [] { return 100.0; }},
                                 {"noisy", [&] { return ++taken % 2 == 0 ? 80.0 : 120.0; }}},
                                kRule, clocks, never);
  EXPECT_EQ(times[0].samples_ns.size(), 40u);
  EXPECT_EQ(times[1].samples_ns.size(), 40u);
}

TEST(Interleave, what_a_kernel_throws_reaches_the_caller) {
  NoClocks clocks;
  const Contender broken{"broken", []() -> double { throw std::runtime_error("illegal address"); }};
  EXPECT_THROW(interleave({broken}, kRule, clocks, never), std::runtime_error);
}

}  // namespace
}  // namespace kvroof::measure
