// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/encoding.hpp"
#include "gui/models/compare/match.hpp"
#include "gui/models/data/column_ids.hpp"
#include "tests/gui/fixtures.hpp"

namespace kvroof::gui {
namespace {

TEST(Compare, comparison_tells_slower_from_noise_and_from_too_few_samples) {
  Dataset both;
  test::fill(both, test::makeSyntheticSweep({.seed = 1, .odd = false}), "base.jsonl");
  test::fill(both, test::makeSyntheticSweep({.seed = 2, .slowdown = 1.2, .odd = false}),
             "slow.jsonl");
  auto deltas = compareRows(both, allRows(both), 0);
  ASSERT_FALSE(deltas.empty());
  for (std::size_t i = 1; i < deltas.size(); ++i)
    EXPECT_GE(deltas[i - 1].change(), deltas[i].change());
  const auto isMeasured = [&](const Delta& d) { return d.verdict != Verdict::predicted; };
  for (const Delta& delta : deltas)
    EXPECT_TRUE(!isMeasured(delta) || delta.verdict == Verdict::slower);
  Dataset single;
  test::fill(single, test::makeSyntheticSweep({.seed = 1, .numSamples = 1, .odd = false}),
             "base.jsonl");
  test::fill(single,
             test::makeSyntheticSweep({.seed = 2, .slowdown = 1.2, .numSamples = 1, .odd = false}),
             "slow.jsonl");
  for (const Delta& delta : compareRows(single, allRows(single), 0))
    EXPECT_TRUE(!isMeasured(delta) || delta.verdict == Verdict::unclear);
  for (const Delta& delta : compareRows(both, allRows(both), 1))
    EXPECT_TRUE(!isMeasured(delta) || delta.verdict == Verdict::faster)
        << "the other way round all are faster";
}

TEST(Compare, a_simulated_trace_is_a_baseline_of_a_measured_one) {
  traces::Trace simulated = test::makeSyntheticSweep({.odd = false});
  for (traces::Record& record : simulated.records) {
    record.backend = traces::Backend::sim;
    for (traces::Time& time : record.times) time.provenance = traces::Provenance::modelled;
  }
  Dataset both;
  test::fill(both, test::makeSyntheticSweep({.odd = false}), "measured.jsonl");
  test::fill(both, simulated, "simulated.jsonl");
  const auto deltas = compareRows(both, allRows(both), 1);
  EXPECT_EQ(deltas.size(), simulated.records.size());
  for (const Delta& delta : deltas) EXPECT_EQ(delta.verdict, Verdict::predicted);
}

TEST(Compare, a_failed_run_is_failed_however_fast_and_its_baseline_is_what_that_was) {
  const traces::Trace base = test::makeSyntheticSweep({.odd = false});
  traces::Trace now = base;
  for (traces::Record& record : now.records) {
    record.status = traces::Status::failed;
    for (traces::Time& time : record.times)
      for (double* ns :
           {&time.statistics.median_ns, &time.statistics.q1_ns, &time.statistics.q3_ns})
        *ns /= 2;
  }
  now.records.front().status = traces::Status::passed;
  Dataset both;
  test::fill(both, base, "base.jsonl");
  test::fill(both, now, "now.jsonl");
  const auto all = allRows(both);
  const auto deltas = compareRows(both, all, 0);
  ASSERT_EQ(deltas.size(), now.records.size());
  for (std::size_t i = 0; i + 1 < deltas.size(); ++i)
    EXPECT_EQ(deltas[i].verdict, Verdict::failed) << i;
  EXPECT_EQ(deltas.back().verdict, Verdict::faster) << "the one that passed comes last";
  for (const Delta& delta : compareRows(both, all, -1))
    EXPECT_EQ(delta.verdict == Verdict::failed,
              both.at(col::kStatus).text(at(delta.row)) == "failed");
  ChartInput input = test::inputOf(both, all);
  input.baselineFile = 0;
  const Chart chart = buildCompareChart(input);
  const auto failed = [](bool isGhost) {
    return [isGhost](const Mark& mark) { return mark.ghost == isGhost && mark.failed; };
  };
  EXPECT_EQ(std::count_if(chart.marks.begin(), chart.marks.end(), failed(true)), 0);
  EXPECT_EQ(std::count_if(chart.marks.begin(), chart.marks.end(), failed(false)),
            static_cast<std::ptrdiff_t>(now.records.size() - 1));
  EXPECT_EQ(chart.x.min, 0.5) << "there is no configuration 0";
  EXPECT_EQ(chart.x.max, static_cast<double>(deltas.size()) + 0.5);
}

TEST(Compare, two_files_of_one_origin_have_shapes_of_their_own) {
  traces::Trace measured = test::makeSyntheticSweep({.odd = false});
  std::erase_if(measured.records,
                [](const traces::Record& record) { return record.times.empty(); });
  traces::Trace modelled = measured;
  for (traces::Record& record : modelled.records)
    for (traces::Time& time : record.times) time.provenance = traces::Provenance::modelled;
  traces::Trace allMeasured = measured;
  for (traces::Record& record : allMeasured.records)
    for (traces::Time& time : record.times) time.provenance = traces::Provenance::measured;
  const auto shapeOf = [](const traces::Trace& a, const traces::Trace& b) {
    Dataset both;
    test::fill(both, a, "a.jsonl");
    test::fill(both, b, "b.jsonl");
    const auto all = allRows(both);
    return Encoding(test::inputOf(both, all), {}, {}).shapeId();
  };
  EXPECT_EQ(shapeOf(allMeasured, allMeasured), QString(col::kFile));
  EXPECT_EQ(shapeOf(allMeasured, modelled), QString(col::kKernel));
}

}  // namespace
}  // namespace kvroof::gui
