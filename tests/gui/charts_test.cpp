// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/loss_ladder.hpp"
#include "gui/models/charts/pareto.hpp"
#include "gui/models/charts/reference_row.hpp"
#include "gui/models/charts/sweeps.hpp"
#include "gui/models/charts/ticks.hpp"
#include "gui/models/data/column_ids.hpp"
#include "gui/models/text/guidance.hpp"
#include "tests/gui/fixtures.hpp"

namespace kvroof::gui {
namespace {

class Charts : public testing::Test {
 protected:
  Charts() {
    test::fill(data, test::makeSyntheticSweep());
    rows = allRows(data);
  }
  int firstRow(QLatin1String id, const QString& text) const {
    for (const int row : rows)
      if (data.at(id).text(at(row)) == text) return row;
    return -1;
  }
  static const Mark* markOfRow(const Chart& chart, int row) {
    for (const Mark& mark : chart.marks)
      if (mark.row == row && !mark.ghost) return &mark;
    return nullptr;
  }

  Dataset data;
  std::vector<int> rows;
};

TEST_F(Charts, roofs_reach_past_the_data_and_meet_at_the_labelled_ridge) {
  const Chart chart = buildBandwidthChart(test::inputOf(data, rows));
  int numRoofs = 0;
  for (const Line& line : chart.lines) {
    if (line.role != LineRole::roof) continue;
    ++numRoofs;
    const bool isSlope = line.points[0].y() < line.points[1].y();
    EXPECT_TRUE(isSlope ? line.points[0].x() < chart.x.min / 1e3
                        : line.points[1].x() > chart.x.max * 1e3);
  }
  EXPECT_EQ(numRoofs, 10) << "dram, l2, shared, tensor, cuda_core; measured and theoretical";
  const auto ridge = std::find_if(chart.labels.begin(), chart.labels.end(),
                                  [](const Label& l) { return l.text.contains("206"); });
  ASSERT_NE(ridge, chart.labels.end()) << "989 TFLOP/s over 4.8 TB/s";
  EXPECT_NEAR(ridge->at.x(), 989.0 / 4.8, 1e-9);
  EXPECT_LT(ridge->at.x(), chart.x.max);
}

TEST_F(Charts, slopes_end_at_the_ceiling_of_the_data_sheet_where_none_was_measured) {
  traces::Trace trace = test::makeSyntheticSweep();
  std::erase_if(trace.ceilings.begin()->second.roofs, [](const traces::Roof& roof) {
    return roof.kind == traces::RoofKind::measured &&
           (roof.level == traces::RoofLevel::tensor || roof.level == traces::RoofLevel::cuda_core);
  });
  Dataset half;
  test::fill(half, trace);
  const Chart chart = buildBandwidthChart(test::inputOf(half, allRows(half)));
  EXPECT_LT(chart.y.max, 1e16) << "the picture would be all roof and no data";
  for (const Line& line : chart.lines)
    EXPECT_TRUE(line.role != LineRole::roof || line.points.back().y() <= 989e12 * 1.001);
  for (traces::Roof& roof : trace.ceilings.begin()->second.roofs)
    roof.level = traces::RoofLevel::dram;  // nothing ends the slopes
  Dataset none;
  test::fill(none, trace);
  EXPECT_LT(buildBandwidthChart(test::inputOf(none, allRows(none))).y.max, 1e18);
}

TEST_F(Charts, failed_modelled_and_impossible_points_are_drawn_and_marked) {
  const Chart chart = buildBandwidthChart(test::inputOf(data, rows));
  const Mark* failed = markOfRow(chart, firstRow(col::kStatus, "failed"));
  ASSERT_TRUE(failed);
  EXPECT_TRUE(failed->failed);
  const Mark* modelled = markOfRow(chart, firstRow(col::kTimeProvenance, "modelled"));
  ASSERT_TRUE(modelled);
  EXPECT_EQ(modelled->provenance, traces::Provenance::modelled);
  EXPECT_EQ(std::count_if(chart.marks.begin(), chart.marks.end(),
                          [](const Mark& m) { return m.aboveRoof; }),
            1);
  QStringList legend;
  for (const LegendEntry& entry : chart.legend) legend << entry.text;
  EXPECT_TRUE(legend.contains("failed validation"));
  EXPECT_TRUE(chart.notes.join(' ').contains("1 skipped")) << chart.notes.join(' ').toStdString();
}

TEST_F(Charts, every_view_says_why_it_is_empty) {
  const Dataset nothing;
  const std::vector<int> none;
  for (const ViewSpec& view : chartViews()) {
    EXPECT_NE(view.build(test::inputOf(nothing, none)).emptyReason, "") << view.name.toStdString();
    EXPECT_NE(view.build(test::inputOf(data, none)).emptyReason, "") << view.name.toStdString();
  }
}

TEST_F(Charts, records_without_any_rate_are_told_where_they_are_shown) {
  traces::Trace trace = test::makeSyntheticSweep();
  for (traces::Record& record : trace.records) {
    record.times.clear();
    record.predictions.clear();
  }
  Dataset untimed;
  test::fill(untimed, trace);
  for (const char* name : {"bandwidth", "throughput", "latency", "compression"}) {
    const Chart chart = findChartView(name)->build(test::inputOf(untimed, allRows(untimed)));
    EXPECT_TRUE(chart.isEmpty()) << name;
    EXPECT_TRUE(chart.emptyReason.startsWith("No ")) << chart.emptyReason.toStdString();
  }
}

TEST_F(Charts, axes_of_every_view_are_finite_and_not_reversed) {
  for (const ViewSpec& view : chartViews()) {
    for (std::size_t count : {std::size_t{1}, rows.size()}) {
      const std::vector<int> some(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
      const Chart chart = view.build(test::inputOf(data, some));
      if (chart.isEmpty()) continue;
      for (const Axis* axis : {&chart.x, &chart.y}) {
        EXPECT_TRUE(std::isfinite(axis->min) && std::isfinite(axis->max))
            << view.name.toStdString();
        EXPECT_LT(axis->min, axis->max) << view.name.toStdString();
        EXPECT_TRUE(axis->scale != Scale::log || axis->min > 0) << view.name.toStdString();
      }
    }
  }
}

TEST_F(Charts, all_levels_link_every_record_and_sizes_follow_time) {
  ChartInput input = test::inputOf(data, rows);
  const auto numEchoes = [&] {
    const Chart chart = buildBandwidthChart(input);
    return std::count_if(chart.marks.begin(), chart.marks.end(),
                         [](const Mark& mark) { return mark.echo; });
  };
  EXPECT_EQ(numEchoes(), 0) << "no record is chosen";
  input.options.levels = LevelDots::allLinked;
  EXPECT_GT(numEchoes(), 100);
  const Column& time = data.at(col::kTime);
  const Chart chart = buildBandwidthChart(input);
  const Mark *longest = &chart.marks.front(), *shortest = longest;
  for (const Mark& mark : chart.marks) {
    if (mark.echo) continue;
    if (time.number(at(mark.row)) > time.number(at(longest->row))) longest = &mark;
    if (time.number(at(mark.row)) < time.number(at(shortest->row))) shortest = &mark;
  }
  EXPECT_EQ(longest->size, 1);
  EXPECT_LT(shortest->size, 0.5);
  input.options.sizeByTime = false;
  for (const Mark& mark : buildThroughputChart(input).marks) EXPECT_EQ(mark.size, Mark().size);
}

TEST_F(Charts, samples_are_counted_once_and_throttled_ones_apart) {
  traces::Details details{
      .record = test::makeSyntheticSweep().records[0], .environment = {}, .ceilings = {}};
  traces::Time& time = details.record.times[0];
  time.samples_ns = {10, 11, 12, 13, 50};
  time.num_throttled = 1;
  time.throttled_samples = {4};
  ChartInput input = test::inputOf(data, rows);
  input.currentRow = 0;
  input.details = &details;
  const Chart chart = buildSamplesChart(input);
  ASSERT_EQ(chart.bars.size(), 2u);
  const auto sum = [](const BarPart& part) {
    double total = 0;
    for (const double height : part.heights) total += height;
    return total;
  };
  EXPECT_EQ(sum(chart.bars[0]), 4);
  EXPECT_EQ(sum(chart.bars[1]), 1);
  EXPECT_EQ(chart.bars[1].heights.back(), 1) << "the slowest is the throttled one";
  EXPECT_EQ(chart.barPlaces.size(), chart.bars[0].heights.size());
  EXPECT_LT(chart.barPlaces.front(), 25);
}

TEST_F(Charts, a_sweep_links_rows_that_differ_in_its_axis_alone) {
  const auto input = test::inputOf(data, rows);
  const auto sweeps = findSweeps(input, col::kSparsity, rows);
  ASSERT_FALSE(sweeps.empty());
  for (const Sweep& sweep : sweeps) {
    for (std::size_t i = 1; i < sweep.size(); ++i) {
      const auto a = at(sweep[0]), b = at(sweep[i]);
      for (const auto id : {col::kKernel, col::kVariant, col::kBatch, col::kKvLen,
                            col::kTimeProvenance, col::kKeyRule})
        EXPECT_TRUE(data.at(id).same(a, b)) << QString(id).toStdString();
      EXPECT_LE(data.at(col::kSparsity).number(at(sweep[i - 1])),
                data.at(col::kSparsity).number(b));
    }
    EXPECT_EQ(sweepOf(input, col::kSparsity, sweep.back()), sweep);
  }
}

/// A packing run beside the decode it packs for, faster than either and at the same sparsity.
TEST(Packing, has_no_speed_up_is_no_rival_and_no_step_but_is_drawn_alone) {
  traces::Trace trace = test::makeSyntheticSweep({.odd = false});
  const std::size_t numSteps = trace.records.size();
  for (std::size_t i = 0; i < numSteps; ++i) {
    traces::Record pack = trace.records[i];
    if (pack.problem.keys.requested_sparsity == 0 || pack.times.empty()) continue;
    pack.kernel = {"pack_keys", ""};
    pack.work.reset();
    pack.times[0].statistics.median_ns /= 1000;
    trace.records.push_back(pack);
  }
  ASSERT_GT(trace.records.size(), numSteps);
  Dataset data;
  test::fill(data, trace);
  const auto rows = allRows(data);
  const auto isPack = [&](int row) { return data.at(col::kKernel).text(at(row)) == "pack_keys"; };
  EXPECT_TRUE(std::isnan(data.at(col::kSpeedup).number(numSteps)));
  EXPECT_TRUE(std::isnan(data.at(col::kEffectiveCompression).number(numSteps)));
  EXPECT_FALSE(isPack(referenceRow(test::inputOf(data, rows))));
  for (const char* name : {"latency", "compression", "bandwidth"}) {
    const Chart chart = findChartView(name)->build(test::inputOf(data, rows));
    for (const Mark& mark : chart.marks) ASSERT_FALSE(isPack(mark.row)) << name;
    for (const LegendEntry& entry : chart.legend)
      EXPECT_FALSE(entry.text.contains("pack_keys")) << name;
    EXPECT_TRUE(chart.notes.join(' ').contains("compute no attention")) << name;
  }
  const Chart crossover = buildCrossoverChart(test::inputOf(data, rows));
  for (const QString& text : crossover.grid->texts)
    EXPECT_FALSE(text.contains("pack_keys")) << text.toStdString();
  std::vector<int> packs;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(packs), isPack);
  EXPECT_EQ(buildLatencyChart(test::inputOf(data, packs)).marks.size(), packs.size());
}

TEST_F(Charts, floors_are_bytes_over_bandwidth) {
  ChartInput input = test::inputOf(data, rows);
  const Chart chart = buildLatencyChart(input);
  const auto sweep = referenceSweep(input, col::kKvLen);
  const auto floor = std::find_if(chart.lines.begin(), chart.lines.end(), [](const Line& l) {
    return l.role == LineRole::floor && l.label.startsWith("dense bytes") && !l.dashed;
  });
  ASSERT_NE(floor, chart.lines.end());
  ASSERT_EQ(floor->points.size(), sweep.size());
  for (std::size_t i = 0; i < sweep.size(); ++i)
    EXPECT_NEAR(floor->points[i].y(), data.at(col::kDenseBytes).number(at(sweep[i])) / 4.1e12 * 1e9,
                1e-6);
}

TEST_F(Charts, floors_of_dense_and_compressed_bytes_are_told_apart_without_their_names) {
  const Chart chart = buildLatencyChart(test::inputOf(data, rows));
  for (const Line& line : chart.lines)
    EXPECT_EQ(line.thick, line.role == LineRole::floor && line.label.startsWith("dense"));
  const auto says = [&](LegendSymbol symbol, const QString& text) {
    return std::any_of(chart.legend.begin(), chart.legend.end(), [&](const LegendEntry& entry) {
      return entry.symbol == symbol && entry.text.contains(text);
    });
  };
  EXPECT_TRUE(says(LegendSymbol::thickLine, "dense"));
  EXPECT_TRUE(says(LegendSymbol::thinLine, "compressed"));
}

TEST_F(Charts, floors_across_curves_of_other_batches_say_whose_they_are) {
  QStringList labels;
  for (const Line& line : buildLatencyChart(test::inputOf(data, rows)).lines)
    if (line.role == LineRole::floor) labels << line.label;
  const int row = referenceRow(test::inputOf(data, rows));
  const QString batch = data.at(col::kBatch).text(at(row));
  EXPECT_TRUE(labels.join('|').contains("compressed bytes of batch " + batch + " at 4.1"))
      << labels.join('|').toStdString();
}

TEST_F(Charts, a_launch_far_below_all_times_is_told_and_leaves_the_picture_to_them) {
  traces::Trace trace = test::makeSyntheticSweep();
  const auto chartWith = [&](double launchNs) {
    for (auto& [device, ceilings] : trace.ceilings)
      for (traces::Roof& roof : ceilings.roofs)
        if (roof.level == traces::RoofLevel::launch) roof.value = launchNs;
    Dataset own;
    test::fill(own, trace);
    const auto all = allRows(own);
    return buildLatencyChart(test::inputOf(own, all));
  };
  const Chart near = chartWith(2000), far = chartWith(1);
  EXPECT_LT(near.y.min, 2000);
  EXPECT_FALSE(near.notes.join('|').contains("Far below"));
  EXPECT_GT(far.y.min, 100);
  EXPECT_TRUE(far.notes.join('|').contains("Far below: launch 1"))
      << far.notes.join('|').toStdString();
}

TEST_F(Charts, steps_of_the_loss_are_named_from_below_so_that_names_keep_their_order) {
  const Chart chart = buildCompressionChart(test::inputOf(data, rows));
  ASSERT_EQ(chart.labels.size(), 5u);
  EXPECT_TRUE(std::is_sorted(chart.labels.begin(), chart.labels.end(),
                             [](const Label& a, const Label& b) { return a.at.y() < b.at.y(); }));
}

TEST_F(Charts, steps_of_the_loss_multiply_to_the_whole_loss) {
  const int row = referenceRow(test::inputOf(data, rows));
  const auto ladder = lossLadder(data, row);
  ASSERT_TRUE(ladder);
  ASSERT_EQ(ladder->steps.size(), 5u);
  EXPECT_NEAR(ladder->steps[3].speedup, data.at(col::kCompression).number(at(row)), 1e-9)
      << "the format's bound is what is stored";
  EXPECT_EQ(ladder->steps[4].speedup, data.at(col::kSpeedup).number(at(row)));
  for (std::size_t i = 1; i < 4; ++i)
    EXPECT_LE(ladder->steps[i].speedup, ladder->steps[i - 1].speedup);
  EXPECT_FALSE(ladder->sentence.contains("moves")) << ladder->sentence.toStdString();
  data.mutableAt(col::kDramBytes)
      .set(at(row), data.at(col::kCompressedBytes).number(at(row)) * 1.5);
  EXPECT_TRUE(lossLadder(data, row)->sentence.contains("moves 1.5"))
      << lossLadder(data, row)->sentence.toStdString();
}

TEST_F(Charts, crossover_compares_with_the_fastest_other_kernel) {
  const Chart chart = buildCrossoverChart(test::inputOf(data, rows));
  ASSERT_TRUE(chart.grid);
  const auto half = chart.y.categories.indexOf(formatQuantity(0.5, Quantity::share));
  const auto most = chart.y.categories.indexOf(formatQuantity(0.9, Quantity::share));
  ASSERT_GE(half, 0);
  ASSERT_GE(most, 0);
  const std::size_t last = chart.grid->numColumns - 1;
  EXPECT_TRUE(
      chart.grid->texts[static_cast<std::size_t>(half) * chart.grid->numColumns + last].contains(
          "two_four"));
  EXPECT_LT(chart.grid->values[static_cast<std::size_t>(half) * chart.grid->numColumns + last], 1);
  const bool hasGaps = std::any_of(chart.grid->values.begin(), chart.grid->values.end(),
                                   [](double value) { return std::isnan(value); });
  EXPECT_EQ(chart.notes.join(' ').contains("Grey cells"), hasGaps);
  EXPECT_GT(chart.grid->values[static_cast<std::size_t>(most) * chart.grid->numColumns + last], 1);
}

TEST_F(Charts, guidance_names_the_limit_its_rule_and_the_ideal) {
  const int row = referenceRow(test::inputOf(data, rows));
  traces::Details details{
      .record = test::makeSyntheticSweep().records[at(row)], .environment = {}, .ceilings = {}};
  const Guidance guidance = guidanceFor(data, row, &details);
  EXPECT_TRUE(guidance.headline.contains("roof")) << guidance.headline.toStdString();
  const QString all = guidance.sentences.join(' ');
  EXPECT_TRUE(all.contains("Rule:")) << all.toStdString();
  EXPECT_TRUE(all.contains("warp instructions per cached row")) << all.toStdString();
  EXPECT_TRUE(all.contains("Ideal:")) << all.toStdString();
  const int impossible = rows.back();
  EXPECT_TRUE(guidanceFor(data, impossible, nullptr).warnings.join(' ').contains("fit into L2"));
  EXPECT_TRUE(guidanceFor(data, firstRow(col::kStatus, "failed"), nullptr)
                  .warnings.join(' ')
                  .contains("disagreed"));
  EXPECT_NE(guidanceFor(data, -1, nullptr).headline, "");
}

/// A sweep whose first record is far from every roof and bound by the ALU, as its model has it.
traces::Trace sweepBoundByAlu(traces::Provenance provenance) {
  traces::Trace trace = test::makeSyntheticSweep();
  traces::Record& record = trace.records[0];
  record.times[0].provenance = provenance;
  record.times[0].statistics.median_ns *= 100;
  record.predictions.resize(1);
  record.predictions[0].binding = "alu";
  return trace;
}

TEST_F(Charts, guidance_on_a_modelled_time_names_the_term_of_the_model_that_binds) {
  traces::Trace trace = sweepBoundByAlu(traces::Provenance::modelled);
  Dataset modelled;
  test::fill(modelled, trace);
  const QString headline = guidanceFor(modelled, 0, nullptr).headline;
  EXPECT_TRUE(headline.startsWith(
      "Bound by alu (integer and logic instructions of the busiest SM), says the model"))
      << headline.toStdString();
}

TEST_F(Charts, instructions_counted_by_pipe_add_up_to_those_that_are_issued) {
  const int row = referenceRow(test::inputOf(data, rows));
  traces::Details details{
      .record = test::makeSyntheticSweep().records[at(row)], .environment = {}, .ceilings = {}};
  const QString whole = guidanceFor(data, row, &details).sentences.join(' ');
  auto& counters = *details.record.counters;
  const double instructions = *counters.at("warp_instructions").value;
  counters.erase("warp_instructions");
  EXPECT_FALSE(guidanceFor(data, row, &details).sentences.join(' ').contains("issue slots"));
  counters["instructions_alu"] = {0.75 * instructions, "instr", traces::Provenance::simulated, ""};
  counters["instructions_lsu"] = {0.25 * instructions, "instr", traces::Provenance::simulated, ""};
  EXPECT_EQ(guidanceFor(data, row, &details).sentences.join(' '), whole);
}

TEST_F(Charts, phases_lie_in_the_order_in_which_they_run) {
  traces::Trace trace = test::makeSyntheticSweep();
  for (traces::Record& record : trace.records)
    record.phases = {{"decode", 3, traces::Provenance::measured},
                     {"pack_values", 2, traces::Provenance::measured},
                     {"prune_keys", 1, traces::Provenance::measured}};
  Dataset phased;
  test::fill(phased, trace);
  QStringList names;
  for (const BarPart& bar : buildBreakdownChart(test::inputOf(phased, allRows(phased))).bars)
    names << bar.name;
  EXPECT_EQ(names, (QStringList{"prune_keys", "pack_values", "decode"}))
      << names.join(' ').toStdString();
}

TEST_F(Charts, phases_that_run_once_have_no_total_with_those_of_every_step) {
  const auto breakdown = [](const std::vector<std::string>& names) {
    traces::Trace trace = test::makeSyntheticSweep({.odd = false});
    for (traces::Record& record : trace.records) {
      record.phases.clear();
      for (const std::string& name : names)
        record.phases.push_back({name, 7, traces::Provenance::measured});
    }
    Dataset phased;
    test::fill(phased, trace);
    return buildBreakdownChart(test::inputOf(phased, allRows(phased)));
  };
  const auto saysOnce = [](const Chart& chart) { return chart.notes.join(' ').contains("once"); };
  const Chart mixed = breakdown({"pack_keys", "decode"});
  EXPECT_FALSE(mixed.hasTotals);
  EXPECT_TRUE(saysOnce(mixed));
  for (const auto& names : {std::vector<std::string>{"decode", "merge"},
                            {"prune", "pack_keys"},
                            {"decode", "polish"}}) {
    const Chart chart = breakdown(names);
    EXPECT_TRUE(chart.hasTotals) << names[1];
    EXPECT_FALSE(saysOnce(chart)) << names[1];
  }
}

TEST_F(Charts, a_measured_time_near_the_models_is_bound_by_what_the_model_names) {
  traces::Trace trace = sweepBoundByAlu(traces::Provenance::measured);
  traces::Record& record = trace.records[0];
  const auto advice = [&](double timeOverPrediction) {
    record.predictions[0].time_ns = record.times[0].statistics.median_ns / timeOverPrediction;
    Dataset one;
    test::fill(one, trace);
    const Guidance guidance = guidanceFor(one, 0, nullptr);
    return guidance.headline + ' ' + guidance.sentences.join(' ');
  };
  for (const double near : {0.8, 1.1}) {
    EXPECT_TRUE(advice(near).startsWith("Bound by alu")) << advice(near).toStdString();
    EXPECT_FALSE(advice(near).contains("does not explain")) << advice(near).toStdString();
  }
  for (const double far : {0.5, 2.0}) {
    EXPECT_TRUE(advice(far).startsWith("Latency-bound")) << advice(far).toStdString();
    EXPECT_TRUE(advice(far).contains("does not explain")) << advice(far).toStdString();
  }
}

TEST_F(Charts, floors_of_a_single_context_length_lie_around_it) {
  std::vector<int> some;
  for (const int row : rows)
    if (data.at(col::kKvLen).number(at(row)) == data.at(col::kKvLen).number(0)) some.push_back(row);
  ChartInput input = test::inputOf(data, some);
  input.options.x = col::kKvLen;
  const Chart chart = buildLatencyChart(input);
  const double only = data.at(col::kKvLen).number(0);
  int numFloors = 0;
  for (const Line& line : chart.lines) {
    if (line.role != LineRole::floor || line.label.startsWith("launch")) continue;
    ++numFloors;
    EXPECT_EQ(line.points.front().x() * line.points.back().x(), only * only) << "centred";
    EXPECT_TRUE(chart.x.min < line.points.front().x() && line.points.back().x() < chart.x.max);
  }
  EXPECT_EQ(numFloors, 4);
  EXPECT_THAT(tickPlaces(chart.x, chart.x.min, chart.x.max, 8), testing::Contains(only));
}

TEST_F(Charts, a_timeline_that_was_not_recorded_says_why) {
  traces::Details details{
      .record = test::makeSyntheticSweep().records[0], .environment = {}, .ceilings = {}};
  details.record.activities.clear();
  details.record.activities_reason = "another profiler holds the device";
  ChartInput input = test::inputOf(data, rows);
  input.currentRow = 0;
  input.details = &details;
  EXPECT_TRUE(buildTimelineChart(input).emptyReason.contains("another profiler holds the device"));
}

TEST_F(Charts, a_timeline_names_kernels_as_people_do_and_bytes_are_not_called_measured) {
  traces::Details details{
      .record = test::makeSyntheticSweep().records[0], .environment = {}, .ceilings = {}};
  details.record.activities = {{.name =
                                    "_ZN6kvroof12cuda_backend9attention13decode_kernelINS_4HalfE"
                                    "Li128EEEvNS_9attention13DecodeProblemENS4_10DecodePlanE",
                                .phase = "decode",
                                .duration_ns = 5}};
  ChartInput input = test::inputOf(data, rows);
  input.currentRow = 0;
  input.details = &details;
  const Chart timeline = buildTimelineChart(input);
  ASSERT_EQ(timeline.spans.size(), 1u);
  EXPECT_TRUE(timeline.spans[0].text.endsWith("attention::decode_kernel<Half, 128>"))
      << timeline.spans[0].text.toStdString();
  const QString bytes = buildBytesChart(test::inputOf(data, rows)).subtitle;
  EXPECT_TRUE(bytes.endsWith("bytes stored: modelled")) << bytes.toStdString();
}

TEST(Pareto, points_that_are_beaten_or_unknown_are_not_on_the_front) {
  const double nan = std::nan("");
  const std::vector<QPointF> points{{2, 5},   {1, 4},   {1, 3}, {3, 5},
                                    {nan, 9}, {0, nan}, {4, 6}, {1, 4}};
  EXPECT_THAT(paretoFront(points, Better::higher), testing::ElementsAre(1, 0, 6));
  EXPECT_THAT(paretoFront(points, Better::lower), testing::ElementsAre(2));
  EXPECT_TRUE(paretoFront({}, Better::higher).empty());
}

TEST(Ticks, lie_inside_the_range_and_are_few_but_not_one) {
  for (const auto& [scale, quantity] :
       {std::pair(Scale::log, Quantity::flopPerS), std::pair(Scale::log, Quantity::tokens),
        std::pair(Scale::linear, Quantity::ratio)})
    for (const auto& [low, high] : {std::pair(1.0, 1.1), std::pair(3.0, 4.0), std::pair(1e-9, 1e12),
                                    std::pair(1023.0, 1025.0), std::pair(0.9e15, 7e15)})
      for (const int most : {2, 5, 12}) {
        const auto places = tickPlaces({.scale = scale, .min = 0, .max = 1}, low, high, most);
        EXPECT_GE(places.size(), 1u) << low << " to " << high << ", most " << most;
        EXPECT_LE(places.size(), static_cast<std::size_t>(most) + 1) << low << " to " << high;
        for (const double place : places)
          EXPECT_TRUE(place >= low - 1e-6 * (high - low) && place <= high + 1e-6 * (high - low))
              << place;
        static_cast<void>(quantity);
      }
  EXPECT_TRUE(tickPlaces({.scale = Scale::log}, -1, 1, 5).empty());
  EXPECT_TRUE(tickPlaces({}, 1, 1, 5).empty());
}

TEST(Ticks, of_a_flat_logarithmic_axis_lie_on_both_sides_of_one) {
  for (const int most : {5, 8, 12}) {
    const auto places = tickPlaces({.scale = Scale::log}, 0.83, 1.21, most);
    EXPECT_THAT(places, testing::AllOf(testing::Contains(testing::Lt(0.999)),
                                       testing::Contains(testing::DoubleNear(1, 1e-9)),
                                       testing::Contains(testing::Gt(1.001))))
        << most;
  }
}

TEST(Ticks, say_what_they_are_and_differ) {
  const auto text = [](double place, Quantity quantity) {
    return tickText({.quantity = quantity}, place).replace(QChar(0x202F), ' ').toStdString();
  };
  EXPECT_EQ(text(1025, Quantity::bytes), "1.025 kB");
  EXPECT_EQ(text(1e6, Quantity::bytes), "1 MB");
  EXPECT_EQ(text(0.0125, Quantity::share), "1.25 %");
  EXPECT_EQ(text(3 * 0.1, Quantity::ratio), "0.3×") << "not 0.30000000000000004";
  // Cells of eight tokens: 40 apart, not 24.
  EXPECT_THAT(tickPlaces({.quantity = Quantity::count, .perUnit = 8}, -0.5, 63.5, 26),
              testing::Each(testing::Truly([](double cell) { return std::fmod(cell, 5) == 0; })));
}

TEST(NumberText, has_three_digits_a_prefix_and_a_unit) {
  const auto plain = [](QString text) { return text.replace(QChar(0x202F), ' ').toStdString(); };
  EXPECT_EQ(plain(formatQuantity(3.35e12, Quantity::bytesPerS)), "3.35 TB/s");
  EXPECT_EQ(plain(formatQuantity(999.9e9, Quantity::bytesPerS)), "1 TB/s");
  EXPECT_EQ(plain(formatQuantity(12345, Quantity::timeNs)), "12.3 µs");
  EXPECT_EQ(plain(formatQuantity(0.7, Quantity::share)), "70 %");
  EXPECT_EQ(plain(formatQuantity(32768, Quantity::tokens)), "32k");
  EXPECT_EQ(plain(formatQuantity(1000, Quantity::tokens)), "1000");
  EXPECT_EQ(plain(formatQuantity(std::nan(""), Quantity::bytes)), "n/a");
  EXPECT_EQ(plain(formatQuantity(-0.05, Quantity::share)), "-5 %");
}

}  // namespace
}  // namespace kvroof::gui
