// SPDX-License-Identifier: GPL-3.0-or-later
#include <QObject>
#include <algorithm>
#include <array>
#include <ranges>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/loss_ladder.hpp"
#include "gui/models/charts/reference_row.hpp"
#include "gui/models/charts/sweeps.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

void addIdealLine(Chart& chart, double highest) {
  chart.lines.push_back({.label = QObject::tr("ideal: speed-up = compression"),
                         .role = LineRole::ideal,
                         .hue = {},
                         .toggle = QObject::tr("ideal"),
                         .points = {{0, 0}, {highest * 100, highest * 100}}});
  chart.legend.push_back(
      {QObject::tr("ideal"), LegendSymbol::line, Hue{}, 0, QObject::tr("ideal")});
}

/// Speed-up that the stored bytes allow, through the points of each sweep.
void addFormatBound(const ChartInput& input, Chart& chart) {
  const std::vector<int> rows = referenceSweep(input, col::kSparsity);
  Line bound{.label = QObject::tr("bound of the format"),
             .role = LineRole::bound,
             .dashed = true,
             .hue = {},
             .toggle = QObject::tr("bound of the format")};
  for (const int row : rows) {
    const double x = input.data.at(col::kEffectiveCompression).number(at(row));
    const double y = input.data.at(col::kCompression).number(at(row));
    if (x > 0 && y > 0) bound.points.emplace_back(x, y);
  }
  std::sort(bound.points.begin(), bound.points.end(), [](auto a, auto b) { return a.x() < b.x(); });
  if (bound.points.size() < 2) return;
  chart.legend.push_back({bound.toggle, LegendSymbol::dashedLine, Hue{}, 0, bound.toggle});
  chart.lines.push_back(std::move(bound));
}

/// The steps from "survivors only" down to what was achieved, at the reference record.
void addLossLadder(const ChartInput& input, Chart& chart, Range& y) {
  const int row = referenceRow(input);
  const auto ladder = row < 0 ? std::nullopt : lossLadder(input.data, row);
  if (!ladder) return;
  const double x = input.data.at(col::kEffectiveCompression).number(at(row));
  if (!(x > 0)) return;
  const auto& steps = ladder->steps;
  chart.lines.push_back({.role = LineRole::arrow,
                         .hue = {},
                         .points = {{x, steps.front().speedup}, {x, steps.back().speedup}}});
  // From below, where lines leave little room: those further up then find theirs in order.
  for (const LossStep& step : std::views::reverse(steps)) {
    chart.labels.push_back(
        {{x, step.speedup},
         QStringLiteral("%1 %2").arg(step.name, formatQuantity(step.speedup, Quantity::ratio)),
         {}});
    y.add(step.speedup);
  }
  chart.notes
      << QObject::tr("Steps: %1. %2").arg(configurationText(input.data, row), ladder->sentence);
}

}  // namespace

Chart buildCompressionChart(const ChartInput& input) {
  Chart chart =
      startChart(input, QStringLiteral("compression"), QObject::tr("Compression roofline"),
                 {.label = QObject::tr("effective compression: dense bytes / DRAM bytes moved"),
                  .quantity = Quantity::ratio},
                 {.label = QObject::tr("speed-up over dense"), .quantity = Quantity::ratio});
  if (chart.isEmpty()) return chart;
  const Encoding encoding(input, input.options.colour, input.options.shape);
  const MarkMaker marks(input, encoding);
  const Column &compression = input.data.at(col::kEffectiveCompression),
               &speedup = input.data.at(col::kSpeedup);
  LeftOut leftOut(input.data);
  Range x(Scale::linear), y(Scale::linear);
  for (const int row : input.rows) {
    Mark mark = marks.of(row);
    mark.x = compression.number(at(row));
    mark.y = speedup.number(at(row));
    if (!(mark.x > 0 && mark.y > 0)) {
      leftOut.add(row, QObject::tr("without bytes, time or a dense run of the same problem"));
      continue;
    }
    x.add(mark.x);
    y.add(mark.y);
    chart.marks.push_back(mark);
  }
  if (chart.marks.empty()) {
    chart.emptyReason = QObject::tr(
        "No record has both a dense run of the same problem and bytes moved. Add the dense kernel "
        "to the sweep.");
    return chart;
  }
  sizeByTime(input, chart);
  addIdealLine(chart, std::max(x.high(), y.high()));
  addFormatBound(input, chart);
  addLossLadder(input, chart, y);
  const QString axis =
      input.options.sweep.isEmpty() ? defaultSweepAxis(input) : input.options.sweep;
  addSweepLines(input, axis, encoding, chart);
  encoding.addLegend(chart);
  addStateLegend(chart);
  leftOut.noteIn(chart);
  y.add(std::min(x.high(), y.high() * 1.5));
  x.applyTo(chart.x);
  y.applyTo(chart.y);
  return chart;
}

}  // namespace kvroof::gui
