// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "profiler/measure/statistics.hpp"

namespace kvroof::report {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

DeviceRecord record_of(std::int64_t kv_len) {
  DeviceRecord record;
  record.kernel.name = "decode";
  record.problem = {.batch = 1, .query_heads = 8, .kv_heads = 2, .head_dim = 128};
  record.problem.kv_len = kv_len;
  return record;
}

DeviceRecord simulated(std::int64_t kv_len, double sectors = 100, double conflicts = 0) {
  DeviceRecord record = record_of(kv_len);
  record.traffic = {{traces::MemoryLevel::dram, 32 * sectors, 0}};
  record.counters.emplace();
  (*record.counters)["sectors"] = {sectors, "sector"};
  (*record.counters)["conflicts"] = {conflicts, "wavefront"};
  return record;
}

DeviceRecord measured(std::int64_t kv_len, std::vector<double> samples) {
  DeviceRecord record = record_of(kv_len);
  record.backend = traces::Backend::cuda;
  traces::Time time{.name = "cold", .samples_ns = std::move(samples)};
  time.statistics = measure::summarize(time.samples_ns);
  record.times = {time};
  return record;
}

/// Timings as GPUs give them: a floor, a skewed tail, now and then an outlier.
std::vector<double> noisy(std::mt19937& random, std::size_t count, double scale = 1) {
  std::lognormal_distribution<double> tail(3, 0.8);
  std::bernoulli_distribution outlier(0.03);
  std::vector<double> samples(count);
  for (double& sample : samples)
    sample = scale * (10'000 + tail(random) + (outlier(random) ? 5'000 : 0));
  return samples;
}

Verdict verdict(const DeviceRecord& base, const DeviceRecord& next) {
  return compare({base}, {next}).matched.at(0).verdict;
}

TEST(Compare, EqualSimulationsAreTheSame) {
  EXPECT_EQ(verdict(simulated(64), simulated(64)), Verdict::same);
}

TEST(Compare, SimulatedNumbersAreComparedExactly) {
  EXPECT_EQ(verdict(simulated(64, 1e9), simulated(64, 1e9 + 1)), Verdict::worse);
  EXPECT_EQ(verdict(simulated(64, 1e9), simulated(64, 1e9 - 1)), Verdict::better);
  EXPECT_EQ(verdict(simulated(64, 100, 0), simulated(64, 99, 1)), Verdict::worse);
}

TEST(Compare, ALimitIsForWhatGrewByMore) {
  const auto found = [](double base, double next, double percent) {
    return regressions(compare({simulated(64, base)}, {simulated(64, next)}), percent);
  };
  EXPECT_THAT(found(100, 104, 5), IsEmpty());
  EXPECT_THAT(found(100, 105, 5), IsEmpty());
  EXPECT_THAT(found(100, 106, 5), SizeIs(1));
  EXPECT_THAT(found(100, 50, 0), IsEmpty());
}

TEST(Compare, WhatWasNothingAndIsSomethingIsARegressionAtAnyLimit) {
  const Comparison comparison = compare({simulated(64, 100, 0)}, {simulated(64, 100, 3)});
  EXPECT_THAT(regressions(comparison, 1000), SizeIs(1));
  EXPECT_THAT(regressions(comparison, 1000).front(), HasSubstr("conflicts"));
}

TEST(Compare, ACounterThatOneSideLacksIsNoDifference) {
  DeviceRecord older = simulated(64);
  older.counters->erase("conflicts");
  EXPECT_EQ(verdict(older, simulated(64, 100, 50)), Verdict::same);
}

TEST(Compare, WhatPassedAndDoesNotAnyMoreIsBroken) {
  DeviceRecord failed = simulated(64);
  failed.status = traces::Status::failed;
  failed.reason = "wrong";
  const Comparison comparison = compare({simulated(64)}, {failed});
  EXPECT_EQ(comparison.matched.at(0).verdict, Verdict::broken);
  EXPECT_THAT(regressions(comparison, 1000), SizeIs(1));
  EXPECT_EQ(verdict(failed, simulated(64)), Verdict::not_run);
  EXPECT_THAT(regressions(compare({failed}, {failed}), 0), IsEmpty());
}

TEST(Compare, OnlyWhatBothSidesHaveIsCompared) {
  const Comparison comparison = compare({simulated(1), simulated(2)}, {simulated(2), simulated(3)});
  EXPECT_THAT(comparison.matched, SizeIs(1));
  EXPECT_EQ(comparison.only_in_base.at(0).problem.kv_len, 1);
  EXPECT_EQ(comparison.only_in_next.at(0).problem.kv_len, 3);
}

TEST(Compare, TooFewSamplesAreNotCalledTheSame) {
  EXPECT_EQ(verdict(measured(64, {10, 11, 12}), measured(64, {10, 11, 12})), Verdict::cannot_tell);
  EXPECT_EQ(verdict(measured(64, {10}), measured(64, {99})), Verdict::cannot_tell);
  EXPECT_THAT(regressions(compare({measured(64, {10})}, {measured(64, {99})}), 0), IsEmpty());
}

TEST(Compare, SamplesThatWouldDoForOneConfigurationAreTooFewForMany) {
  std::vector<DeviceRecord> base, next;
  for (int i = 1; i <= 30; ++i) {
    base.push_back(measured(i, {10, 11, 12, 13}));
    next.push_back(measured(i, {20, 21, 22, 23}));
  }
  EXPECT_EQ(compare({base[0]}, {next[0]}).matched.at(0).verdict, Verdict::worse);
  for (const Compared& compared : compare(base, next).matched)
    EXPECT_EQ(compared.verdict, Verdict::cannot_tell);
}

TEST(Compare, AClearSlowdownIsFoundAndAClearSpeedupIsNone) {
  std::mt19937 random(5);
  const DeviceRecord base = measured(64, noisy(random, 30));
  const DeviceRecord slower = measured(64, noisy(random, 30, 1.05));
  EXPECT_EQ(verdict(base, slower), Verdict::worse);
  EXPECT_EQ(verdict(slower, base), Verdict::better);
  EXPECT_THAT(regressions(compare({base}, {slower}), 2), SizeIs(1));
  EXPECT_THAT(regressions(compare({base}, {slower}), 10), IsEmpty());
  EXPECT_THAT(regressions(compare({slower}, {base}), 0), IsEmpty());
  EXPECT_GT(*compare({base}, {slower}).matched.at(0).time->superiority, 0.9);
}

TEST(Compare, ASlowdownOfOneAmongManyIsStillFound) {
  std::mt19937 random(6);
  std::vector<DeviceRecord> base, next;
  for (int i = 1; i <= 50; ++i) {
    base.push_back(measured(i, noisy(random, 30)));
    next.push_back(measured(i, noisy(random, 30, i == 17 ? 1.05 : 1)));
  }
  const Comparison comparison = compare(base, next);
  EXPECT_EQ(comparison.matched.at(16).verdict, Verdict::worse);
  EXPECT_THAT(regressions(comparison, 1), SizeIs(1));
}

TEST(Compare, AlikeNoisyRunsReportARegressionInAtMostFiveOfAHundredTries) {
  for (const std::size_t samples : {8u, 30u}) {
    int tries_with_regression = 0;
    for (unsigned seed = 0; seed < 100; ++seed) {
      std::mt19937 random(seed);
      std::vector<DeviceRecord> base, next;
      for (int i = 1; i <= 20; ++i) {
        base.push_back(measured(i, noisy(random, samples)));
        next.push_back(measured(i, noisy(random, samples)));
      }
      tries_with_regression += regressions(compare(base, next), 0).empty() ? 0 : 1;
    }
    EXPECT_LE(tries_with_regression, 5) << samples << " samples";
  }
}

TEST(Compare, TheTableNamesTheTestAndEveryVerdict) {
  std::mt19937 random(8);
  const Comparison comparison = compare({simulated(1), measured(2, noisy(random, 20))},
                                        {simulated(1, 120), measured(2, noisy(random, 20, 1.2))});
  const std::string text = to_text(comparison_table(comparison));
  EXPECT_THAT(text, HasSubstr("Mann-Whitney"));
  EXPECT_THAT(text, HasSubstr("worse"));
  EXPECT_THAT(text, HasSubstr("sectors"));
}

}  // namespace
}  // namespace kvroof::report
