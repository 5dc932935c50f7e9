// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFileInfo>
#include <QObject>
#include <algorithm>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/encoding.hpp"
#include "gui/models/compare/match.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

/// The baseline of a mark: what its own record says, or a modelled point where that is a
/// prediction.
Mark ghostOf(const MarkMaker& marks, const Delta& delta, const Mark& mark) {
  Mark ghost = delta.baselineRow >= 0 ? marks.of(delta.baselineRow) : mark;
  if (delta.baselineRow < 0) {
    ghost.provenance = traces::Provenance::modelled;
    ghost.failed = false;
    ghost.row = -1;
  }
  ghost.ghost = true;
  ghost.aboveRoof = false;
  ghost.x = mark.x;
  ghost.y = 1;
  ghost.low = ghost.high = kNotKnown;
  return ghost;
}

}  // namespace

Chart buildCompareChart(const ChartInput& input) {
  const bool hasBaseline = input.baselineFile >= 0;
  // Without a chosen axis every configuration has a place of its own, so that none hides another.
  const Column* column = input.data.find(input.options.x);
  const Axis xAxis = column ? axisOf(*column, scaleFor(*column, input.rows))
                            : Axis{.label = QObject::tr("configurations, largest increase first"),
                                   .quantity = Quantity::count};
  Chart chart = startChart(
      input, QStringLiteral("compare"),
      hasBaseline ? QObject::tr("Change against the baseline")
                  : QObject::tr("Measured against predicted"),
      xAxis,
      {.label = hasBaseline ? QObject::tr("time / baseline") : QObject::tr("measured / model"),
       .quantity = Quantity::ratio});
  if (chart.isEmpty()) return chart;
  const Encoding encoding(input, input.options.colour, input.options.shape);
  const auto deltas = compareRows(input.data, input.rows, input.baselineFile);
  if (deltas.empty()) {
    const bool isBaselineAlone = std::all_of(input.rows.begin(), input.rows.end(), [&](int row) {
      return input.data.fileOf(at(row)) == input.baselineFile;
    });
    chart.emptyReason =
        isBaselineAlone
            ? QObject::tr("All shown records are of the baseline itself: open a second trace.")
        : hasBaseline
            ? QObject::tr(
                  "No configuration is in both files: they differ in kernel, problem or axes.")
            : QObject::tr(
                  "Nothing to compare: no record has both a measured and a predicted time. Open a "
                  "baseline with Ctrl+B or --baseline.");
    return chart;
  }
  constexpr std::size_t kMaxArrows = 2000;
  Range x(xAxis.scale), y(Scale::log);
  y.add(0.95);
  y.add(1.05);
  const MarkMaker marks(input, encoding);
  const Column &q1 = input.data.at(col::kTimeQ1), &q3 = input.data.at(col::kTimeQ3);
  double rank = 0;
  for (const Delta& delta : deltas) {
    Mark mark = marks.of(delta.row);
    mark.x = column ? column->number(at(delta.row)) : ++rank;
    mark.y = delta.timeNs / delta.baselineNs;
    if (!std::isfinite(mark.x)) continue;
    mark.low = q1.number(at(delta.row)) / delta.baselineNs;
    mark.high = q3.number(at(delta.row)) / delta.baselineNs;
    mark.aboveRoof = false;
    x.add(mark.x);
    y.add(mark.y);
    chart.marks.push_back(ghostOf(marks, delta, mark));
    chart.marks.push_back(mark);
    if (deltas.size() <= kMaxArrows)
      chart.lines.push_back(
          {.role = LineRole::arrow, .hue = mark.hue, .points = {{mark.x, 1}, {mark.x, mark.y}}});
  }
  chart.lines.push_back(
      {.label = hasBaseline ? QObject::tr("baseline") : QObject::tr("as predicted"),
       .role = LineRole::ideal,
       .hue = {},
       .points = {{-1e15, 1}, {1e15, 1}}});
  if (hasBaseline)
    chart.notes << QObject::tr("Baseline: %1. Above 1 is slower.")
                       .arg(QFileInfo(input.data.files()[input.baselineFile]).fileName());
  if (!hasBaseline) chart.notes << QObject::tr("Above 1 the kernel is slower than the model says.");
  encoding.addLegend(chart);
  addStateLegend(chart, hasBaseline ? QObject::tr("baseline") : QObject::tr("prediction"));
  x.applyTo(chart.x);
  if (!column) {  // there is no place 0
    chart.x.min = 0.5;
    chart.x.max = rank + 0.5;
  }
  y.applyTo(chart.y);
  return chart;
}

}  // namespace kvroof::gui
