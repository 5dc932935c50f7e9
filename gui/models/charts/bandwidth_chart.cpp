// SPDX-License-Identifier: GPL-3.0-or-later
#include <QObject>
#include <algorithm>
#include <cmath>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/sweeps.hpp"
#include "gui/models/data/column_ids.hpp"
#include "gui/models/data/derived_columns.hpp"

namespace kvroof::gui {
namespace {

using traces::RoofKind;
using traces::RoofLevel;

// Roofs reach this far, so that no pan or zoom finds their end.
constexpr double kLowestIntensity = 1e-9;
constexpr double kHighestIntensity = 1e12;

QString kindToggle(RoofKind kind) {
  return kind == RoofKind::measured ? QObject::tr("measured roofs")
                                    : QObject::tr("theoretical roofs");
}

void addKindLegend(RoofKind kind, Chart& chart) {
  chart.legend.push_back(
      {kindToggle(kind), kind == RoofKind::measured ? LegendSymbol::line : LegendSymbol::dashedLine,
       Hue{}, 0, kindToggle(kind)});
}

/// The roofs of one kind: memory slopes up to the highest compute ceiling, compute ceilings from
/// the fastest memory onwards (Williams, Waterman, Patterson, CACM 52(4), 2009).
class RoofBuilder {
 public:
  RoofBuilder(const traces::Ceilings& ceilings, RoofKind kind, Chart& chart)
      : ceilings_(ceilings), kind_(kind), chart_(chart) {}

  void build() {
    const double peak = highestCeiling();
    double fastest = 0;
    for (const auto level : {RoofLevel::dram, RoofLevel::l2, RoofLevel::shared}) {
      fastest = std::max(fastest, value(level));
      addSlope(level, peak);
    }
    for (const auto level : {RoofLevel::tensor, RoofLevel::cuda_core}) addCeiling(level, fastest);
  }

 private:
  double value(RoofLevel level) const {
    const auto* roof = best_roof(ceilings_, level, kind_);
    return roof ? roof->value : 0;
  }

  /// Where slopes end. A device whose ceilings were not measured still has those of its data sheet.
  double highestCeiling() const {
    for (const RoofKind kind : {kind_, RoofKind::theoretical, RoofKind::measured}) {
      double highest = 0;
      for (const auto level : {RoofLevel::tensor, RoofLevel::cuda_core})
        if (const auto* roof = best_roof(ceilings_, level, kind))
          highest = std::max(highest, roof->value);
      if (highest > 0) return highest;
    }
    return 0;
  }

  void add(QString label, std::vector<QPointF> points) {
    chart_.lines.push_back({.label = std::move(label),
                            .role = LineRole::roof,
                            .dashed = kind_ == RoofKind::theoretical,
                            .hue = {},
                            .toggle = kindToggle(kind_),
                            .points = std::move(points)});
  }

  void addSlope(RoofLevel level, double peak) {
    const double bandwidth = value(level);
    if (bandwidth <= 0) return;
    const double end = peak > 0 ? peak / bandwidth : kHighestIntensity;
    add(QStringLiteral("%1 %2").arg(levelName(level),
                                    formatQuantity(bandwidth, Quantity::bytesPerS)),
        {{kLowestIntensity, kLowestIntensity * bandwidth}, {end, end * bandwidth}});
  }

  void addCeiling(RoofLevel level, double fastest) {
    const double rate = value(level);
    if (rate <= 0) return;
    const double start = fastest > 0 ? rate / fastest : kLowestIntensity;
    add(QStringLiteral("%1 %2").arg(levelName(level), formatQuantity(rate, Quantity::flopPerS)),
        {{start, rate}, {kHighestIntensity, rate}});
    const double dram = value(RoofLevel::dram);
    if (dram <= 0) return;
    chart_.labels.push_back({{rate / dram, rate},
                             QObject::tr("ridge %1").arg(formatNumber(rate / dram, 3)),
                             kindToggle(kind_),
                             true});
  }

  const traces::Ceilings& ceilings_;
  RoofKind kind_;
  Chart& chart_;
};

void addRoofs(const ChartInput& input, Chart& chart) {
  std::string id;
  const traces::Ceilings* ceilings = mainCeilings(input.data, input.rows, id);
  if (!ceilings) {
    chart.notes << QObject::tr(
        "The file holds no roofs of this device; `kvroof ceilings` measures them.");
    return;
  }
  const auto others = std::count_if(input.rows.begin(), input.rows.end(),
                                    [&](int row) { return input.data.ceilingsId(at(row)) != id; });
  if (others > 0)
    chart.notes << QObject::tr("Roofs are those of %1; %2 records belong to other roofs.")
                       .arg(QString::fromStdString(ceilings->device))
                       .arg(others);
  for (const RoofKind kind : {RoofKind::measured, RoofKind::theoretical}) {
    const std::size_t before = chart.lines.size();
    RoofBuilder(*ceilings, kind, chart).build();
    if (chart.lines.size() > before) addKindLegend(kind, chart);
  }
}

/// The same record at the L2 and shared level: dots on one horizontal line.
void addLevelDots(const ChartInput& input, const Mark& dram, Chart& chart) {
  Line link{.role = LineRole::level, .hue = dram.hue, .points = {{dram.x, dram.y}}};
  for (const auto id : {col::kL2Intensity, col::kSharedIntensity}) {
    Mark mark = dram;
    mark.x = input.data.at(id).number(at(dram.row));
    if (!(mark.x > 0)) continue;
    mark.size = 0;
    mark.aboveRoof = false;
    mark.echo = true;
    link.points.emplace_back(mark.x, mark.y);
    chart.marks.push_back(mark);
    chart.labels.push_back({{mark.x, mark.y},
                            id == col::kL2Intensity ? QObject::tr("L2") : QObject::tr("shared"),
                            {}});
  }
  if (link.points.size() > 1) chart.lines.push_back(std::move(link));
}

QString noRates() {
  return QObject::tr(
      "No shown record has both a time and bytes moved. Those of `kvroof fidelity` are in the "
      "fidelity view.");
}

/// A little more than the data and the ridge of DRAM, the region decode attention lives in.
void setRanges(Chart& chart) {
  Range x(Scale::log), y(Scale::log);
  for (const Mark& mark : chart.marks) {
    x.add(mark.x);
    y.add(mark.y);
  }
  double highestRoof = 0;  // of those that end: a slope that nothing ends has no height
  for (const Line& line : chart.lines)
    if (line.role == LineRole::roof && line.points.back().x() < kHighestIntensity)
      highestRoof = std::max(highestRoof, line.points.back().y());
  if (!x.isEmpty()) {
    x.add(x.low() / 4);
    x.add(x.high() * 3);
    y.add(y.low() / 2);
  }
  for (const Label& label : chart.labels)
    if (!label.toggle.isEmpty()) x.add(label.at.x() * 6);  // room for the names of ceilings
  if (highestRoof > 0) y.add(highestRoof * 2);             // room for its name
  x.applyTo(chart.x);
  y.applyTo(chart.y);
}

}  // namespace

Chart buildBandwidthChart(const ChartInput& input) {
  Chart chart = startChart(
      input, QStringLiteral("bandwidth"), QObject::tr("Bandwidth roofline"),
      {.label = QObject::tr("arithmetic intensity, useful FLOP per byte moved (FLOP/B)")},
      {.label = QObject::tr("useful rate (FLOP/s)"), .quantity = Quantity::flopPerS});
  if (chart.isEmpty()) return chart;
  const Encoding encoding(input, input.options.colour, input.options.shape);
  const MarkMaker marks(input, encoding);
  const Column &intensity = input.data.at(col::kDramIntensity),
               &rate = input.data.at(col::kFlopRate);
  LeftOut leftOut(input.data);
  for (const int row : input.rows) {
    Mark mark = marks.of(row);
    mark.x = intensity.number(at(row));
    mark.y = rate.number(at(row));
    if (mark.x > 0 && mark.y > 0) {
      chart.marks.push_back(mark);
    } else {
      leftOut.add(row, QObject::tr("without time or DRAM bytes"));
    }
  }
  if (chart.marks.empty()) {
    chart.emptyReason = noRates();
    return chart;
  }
  sizeByTime(input, chart);
  addRoofs(input, chart);
  const QString axis =
      input.options.sweep.isEmpty() ? defaultSweepAxis(input) : input.options.sweep;
  addSweepLines(input, axis, encoding, chart);
  const std::size_t numRows = chart.marks.size();
  constexpr std::size_t kMaxLinked = 200;
  for (std::size_t i = 0; i < numRows; ++i) {
    const Mark mark = chart.marks[i];
    const bool all = input.options.levels == LevelDots::allLinked && numRows <= kMaxLinked;
    if (all || mark.row == input.currentRow) addLevelDots(input, mark, chart);
  }
  encoding.addLegend(chart);
  addStateLegend(chart);
  leftOut.noteIn(chart);
  setRanges(chart);
  return chart;
}

Chart buildThroughputChart(const ChartInput& input) {
  Chart chart = startChart(
      input, QStringLiteral("throughput"), QObject::tr("Achieved DRAM rate"),
      {.label = QObject::tr("bytes moved (B)"), .quantity = Quantity::bytes},
      {.label = QObject::tr("bytes moved / time (B/s)"), .quantity = Quantity::bytesPerS});
  if (chart.isEmpty()) return chart;
  const Encoding encoding(input, input.options.colour, input.options.shape);
  const MarkMaker marks(input, encoding);
  const Column &bytes = input.data.at(col::kDramBytes), &rate = input.data.at(col::kDramRate);
  LeftOut leftOut(input.data);
  Range x(Scale::log), y(Scale::linear);
  for (const int row : input.rows) {
    Mark mark = marks.of(row);
    mark.x = bytes.number(at(row));
    mark.y = rate.number(at(row));
    if (!(mark.x > 0 && mark.y > 0)) {
      leftOut.add(row, QObject::tr("without time or DRAM bytes"));
      continue;
    }
    x.add(mark.x);
    y.add(mark.y);
    chart.marks.push_back(mark);
  }
  if (chart.marks.empty()) {
    chart.emptyReason = noRates();
    return chart;
  }
  sizeByTime(input, chart);
  std::string id;
  if (const auto* ceilings = mainCeilings(input.data, input.rows, id)) {
    for (const RoofKind kind : {RoofKind::measured, RoofKind::theoretical}) {
      const auto* roof = best_roof(*ceilings, RoofLevel::dram, kind);
      if (!roof) continue;
      y.add(roof->value);
      chart.lines.push_back(
          {.label = QStringLiteral("DRAM %1").arg(formatQuantity(roof->value, Quantity::bytesPerS)),
           .role = LineRole::roof,
           .dashed = kind == RoofKind::theoretical,
           .hue = {},
           .toggle = kindToggle(kind),
           .points = {{1e-3, roof->value}, {1e18, roof->value}}});
      addKindLegend(kind, chart);
    }
  }
  const QString axis =
      input.options.sweep.isEmpty() ? defaultSweepAxis(input) : input.options.sweep;
  addSweepLines(input, axis, encoding, chart);
  encoding.addLegend(chart);
  addStateLegend(chart);
  leftOut.noteIn(chart);
  x.applyTo(chart.x);
  y.applyTo(chart.y);
  return chart;
}

}  // namespace kvroof::gui
