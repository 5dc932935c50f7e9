// SPDX-License-Identifier: GPL-3.0-or-later
// Charts of stacked bars along one sweep: bytes by part, time by phase.
#include <QObject>
#include <algorithm>
#include <cmath>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/reference_row.hpp"
#include "gui/models/charts/sweeps.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

struct Part {
  QString name;
  const Column* column;
};

QString sweepAxis(const ChartInput& input) {
  return input.options.sweep.isEmpty() ? defaultSweepAxis(input) : input.options.sweep;
}

/// Sets categories and bars; `divisor` is what heights are divided by, per row.
void addBars(const ChartInput& input, const QString& axisId, const std::vector<Part>& parts,
             double (*divisor)(const Dataset&, int), Chart& chart) {
  const Column& axis = input.data.at(axisId);
  chart.barRows = referenceSweep(input, axisId);
  chart.x.scale = Scale::category;
  for (const int row : chart.barRows) chart.x.categories << axis.text(at(row));
  chart.x.min = -0.6;
  chart.x.max = static_cast<double>(chart.barRows.size()) - 0.4;
  std::vector<double> totals(chart.barRows.size(), 0);
  int series = 0;
  for (const Part& part : parts) {
    BarPart bar{.name = part.name, .series = series++, .heights = {}};
    bool isThere = false;
    for (std::size_t i = 0; i < chart.barRows.size(); ++i) {
      const int row = chart.barRows[i];
      const double height = part.column->number(at(row)) / divisor(input.data, row);
      bar.heights.push_back(height);
      if (!std::isfinite(height)) continue;
      totals[i] += height;
      isThere = isThere || height > 0;
    }
    if (!isThere) continue;
    chart.legend.push_back({part.name, LegendSymbol::bar, Hue{.series = bar.series}, 0, {}});
    chart.bars.push_back(std::move(bar));
  }
  Range y(Scale::linear);
  for (const double total : totals) y.add(total);
  for (const Line& line : chart.lines)
    for (const QPointF& point : line.points) y.add(point.y());
  y.applyTo(chart.y);
  if (!chart.barRows.empty())
    chart.notes << QObject::tr("Bars are of %1.")
                       .arg(configurationText(input.data, chart.barRows.front(), axisId));
}

/// Phases in the order in which they run; others come last.
const QStringList& phaseOrder() {
  static const QStringList kOrder{"prune", "pack", "decode", "window", "merge"};
  return kOrder;
}
constexpr qsizetype kFirstOfStep = 2;  // "decode": what comes before is done once per token

qsizetype placeOfPhase(const QString& name) {
  const qsizetype index = phaseOrder().indexOf(name.section('_', 0, 0));
  return index < 0 ? phaseOrder().size() : index;
}

double numTokens(const Dataset& data, int row) {
  const double perToken = data.at(col::kBytesPerToken).number(at(row));
  return data.at(col::kCompressedBytes).number(at(row)) / perToken;
}

}  // namespace

Chart buildBytesChart(const ChartInput& input) {
  const QString axisId = sweepAxis(input);
  Chart chart = startChart(
      input, QStringLiteral("bytes"), QObject::tr("Bytes by part"),
      axisOf(input.data.at(axisId), Scale::category),
      {.label = QObject::tr("bytes per token of the cache (B)"), .quantity = Quantity::bytes});
  if (chart.isEmpty()) return chart;
  chart.subtitle = subtitleOf(input.data, input.rows, Origins::ofStoredBytes);
  const std::vector<Part> parts{
      {QObject::tr("key values"), &input.data.at(col::kKeyValueBytes)},
      {QObject::tr("value values"), &input.data.at(col::kValueValueBytes)},
      {QObject::tr("bitmaps"), &input.data.at(col::kBitmapBytes)},
      {QObject::tr("indices"), &input.data.at(col::kIndexBytes)},
      {QObject::tr("padding"), &input.data.at(col::kPaddingBytes)},
      {QObject::tr("dense window"), &input.data.at(col::kWindowBytes)},
      {QObject::tr("queries, outputs, partials"), &input.data.at(col::kOtherBytes)}};
  const std::vector<int> rows = referenceSweep(input, axisId);
  Line dense{.label = QObject::tr("stored dense"),
             .role = LineRole::bound,
             .dashed = true,
             .hue = {},
             .points = {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double height =
        input.data.at(col::kDenseBytes).number(at(rows[i])) / numTokens(input.data, rows[i]);
    if (!std::isfinite(height)) continue;
    dense.points.emplace_back(static_cast<double>(i) - 0.45, height);
    dense.points.emplace_back(static_cast<double>(i) + 0.45, height);
  }
  if (!dense.points.empty()) {
    chart.legend.push_back({QObject::tr("stored dense"), LegendSymbol::dashedLine, Hue{}, 0, {}});
    chart.lines.push_back(std::move(dense));
  }
  addBars(input, axisId, parts, numTokens, chart);
  if (chart.bars.empty())
    chart.emptyReason =
        QObject::tr("The records of this sweep do not say how many bytes they store.");
  return chart;
}

Chart buildBreakdownChart(const ChartInput& input) {
  const QString axisId = sweepAxis(input);
  Chart chart = startChart(input, QStringLiteral("breakdown"), QObject::tr("Time by phase"),
                           axisOf(input.data.at(axisId), Scale::category),
                           {.label = QObject::tr("time (s)"), .quantity = Quantity::timeNs});
  if (chart.isEmpty()) return chart;
  std::vector<Part> parts;
  for (const Column& column : input.data.columns())
    if (column.info().id.startsWith(col::kPhasePrefix))
      parts.push_back({column.info().id.mid(col::kPhasePrefix.size()), &column});
  // In the order in which they run; "pack_keys" is a part of packing.
  std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    return placeOfPhase(a.name) < placeOfPhase(b.name);
  });
  addBars(
      input, axisId, parts, [](const Dataset&, int) { return 1.0; }, chart);
  if (chart.bars.empty())
    chart.emptyReason = QObject::tr(
        "The records of this sweep hold no times per phase (prune, pack, decode, merge, window).");
  const auto isOnce = [](const BarPart& bar) { return placeOfPhase(bar.name) < kFirstOfStep; };
  const auto numOnce = std::count_if(chart.bars.begin(), chart.bars.end(), isOnce);
  if (numOnce > 0 && numOnce < static_cast<std::ptrdiff_t>(chart.bars.size())) {
    chart.hasTotals = false;
    chart.notes << QObject::tr(
        "Pruning and packing are done once and here for the whole cache, the rest at every step: "
        "their sum is the time of nothing.");
  }
  return chart;
}

}  // namespace kvroof::gui
