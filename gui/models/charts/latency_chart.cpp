// SPDX-License-Identifier: GPL-3.0-or-later
#include <QObject>
#include <algorithm>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/reference_row.hpp"
#include "gui/models/charts/sweeps.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

using traces::RoofKind;
using traces::RoofLevel;

/// Floors of a single place on a logarithmic x reach from a half to twice of it.
constexpr double kStub = 2;

QString toggleOf(RoofKind kind) {
  return kind == RoofKind::measured ? QObject::tr("floors at measured roofs")
                                    : QObject::tr("floors at theoretical roofs");
}

/// Lower bounds of the time along x: no kernel can move these bytes faster than the roof allows.
class FloorBuilder {
 public:
  FloorBuilder(const ChartInput& input, const Column& x, Chart& chart, Range& y)
      : input_(input), x_(x), chart_(chart), y_(y) {}

  void build() {
    const std::vector<int> sweep = referenceSweep(input_, x_.info().id);
    if (sweep.empty()) return;
    const traces::Ceilings* ceilings = input_.data.ceilingsOf(at(sweep.front()));
    if (!ceilings) {
      chart_.notes << QObject::tr("No floors: the file holds no roofs of this device.");
      return;
    }
    for (const RoofKind kind : {RoofKind::measured, RoofKind::theoretical})
      addKind(*ceilings, kind, sweep);
    if (!hasFloors_) return;
    addStyles();
    chart_.notes << QObject::tr("Floors are bytes / DRAM roof of %1.")
                        .arg(configurationText(input_.data, sweep.front(), x_.info().id));
  }

 private:
  /// Tells the two kinds of floors apart where data leave no room for their names.
  void addStyles() {
    if (std::none_of(chart_.lines.begin(), chart_.lines.end(),
                     [](const Line& line) { return line.thick; }))
      return;
    chart_.legend.push_back({QObject::tr("of dense bytes"), LegendSymbol::thickLine, Hue{}, 0, {}});
    chart_.legend.push_back(
        {QObject::tr("of compressed bytes"), LegendSymbol::thinLine, Hue{}, 0, {}});
  }

  void addKind(const traces::Ceilings& ceilings, RoofKind kind, const std::vector<int>& sweep) {
    if (const auto* dram = best_roof(ceilings, RoofLevel::dram, kind)) {
      const QString rate = formatQuantity(dram->value, Quantity::bytesPerS);
      addBytes(col::kDenseBytes, QObject::tr("dense bytes%1 at %2").arg(ofBatch(sweep), rate),
               *dram, sweep);
      addBytes(col::kCompressedBytes,
               QObject::tr("compressed bytes%1 at %2").arg(ofBatch(sweep), rate), *dram, sweep);
    }
    if (const auto* launch = best_roof(ceilings, RoofLevel::launch, kind)) {
      add(QObject::tr("launch %1").arg(formatQuantity(launch->value, Quantity::timeNs)), kind,
          {{-1e15, launch->value}, {1e15, launch->value}});
      constexpr double kFar = 10;  // so far below the rest it would leave most of the picture empty
      if (launch->value * kFar > y_.low()) {
        y_.add(launch->value);
      } else {
        chart_.notes << QObject::tr("Far below: launch %1.")
                            .arg(formatQuantity(launch->value, Quantity::timeNs));
      }
    }
  }

  /// Floors of one batch size lie across the curves of another: they must say whose they are.
  QString ofBatch(const std::vector<int>& sweep) const {
    const Column& batch = input_.data.at(col::kBatch);
    return x_.info().id != col::kBatch && input_.data.isVaried(batch, input_.rows)
               ? QObject::tr(" of batch %1").arg(batch.text(at(sweep.front())))
               : QString();
  }

  void addBytes(QLatin1String id, const QString& what, const traces::Roof& dram,
                const std::vector<int>& sweep) {
    std::vector<QPointF> points;
    for (const int row : sweep) {
      const double ns = input_.data.at(id).number(at(row)) / dram.value * 1e9;
      const double x = x_.number(at(row));
      if (!(ns > 0) || !std::isfinite(x)) continue;
      points.emplace_back(x, ns);
      y_.add(ns);
    }
    if (points.size() == 1) {  // a stub around the only place
      const QPointF only = points.front();
      points = {{only.x() / kStub, only.y()}, {only.x() * kStub, only.y()}};
    }
    if (points.empty()) return;
    add(what, dram.kind, std::move(points));
    chart_.lines.back().thick = id == col::kDenseBytes;
  }

  void add(QString label, RoofKind kind, std::vector<QPointF> points) {
    hasFloors_ = true;
    const QString toggle = toggleOf(kind);
    bool isNew = true;
    for (const LegendEntry& entry : chart_.legend) isNew &= entry.toggle != toggle;
    if (isNew)
      chart_.legend.push_back(
          {toggle, kind == RoofKind::measured ? LegendSymbol::line : LegendSymbol::dashedLine,
           Hue{}, 0, toggle});
    chart_.lines.push_back({.label = std::move(label),
                            .role = LineRole::floor,
                            .dashed = kind == RoofKind::theoretical,
                            .hue = {},
                            .toggle = toggle,
                            .points = std::move(points)});
  }

  const ChartInput& input_;
  const Column& x_;
  Chart& chart_;
  Range& y_;
  bool hasFloors_ = false;
};

QString defaultX(const ChartInput& input) {
  for (const auto id : {col::kKvLen, col::kBatch})
    if (input.data.isVaried(input.data.at(id), input.rows)) return id;
  return col::kKvLen;
}

}  // namespace

Chart buildLatencyChart(const ChartInput& input) {
  const QString xId = input.options.x.isEmpty() ? defaultX(input) : input.options.x;
  const Column* column = input.data.find(xId);
  if (!column) column = &input.data.at(col::kKvLen);
  Axis xAxis = axisOf(*column, scaleFor(*column, input.rows));
  if (xId == col::kKvLen) xAxis.label = QObject::tr("context length, kv_len (tokens)");
  Chart chart = startChart(
      input, QStringLiteral("latency"), QObject::tr("Latency roofline"), xAxis,
      {.label = QObject::tr("time of one decode step (s)"), .quantity = Quantity::timeNs});
  if (chart.isEmpty()) return chart;
  const Encoding encoding(input, input.options.colour, input.options.shape);
  const MarkMaker marks(input, encoding);
  const RowFacts facts(input.data);
  const Column &q1 = input.data.at(col::kTimeQ1), &q3 = input.data.at(col::kTimeQ3);
  // Beside decode steps, times of packing mislead; alone they are what was asked for.
  const bool anyStep = std::any_of(input.rows.begin(), input.rows.end(),
                                   [&](int row) { return facts.computesAttention(row); });
  LeftOut leftOut(input.data);
  Range x(xAxis.scale), y(Scale::log);
  for (const int row : input.rows) {
    Mark mark = marks.of(row);
    mark.x = column->number(at(row));
    mark.y = facts.timeNs(row);
    if (!std::isfinite(mark.x) || !(mark.y > 0)) {
      leftOut.add(row, QObject::tr("without time"));
      continue;
    }
    if (anyStep && !facts.computesAttention(row)) {
      leftOut.addNoStep();
      continue;
    }
    mark.low = q1.number(at(row));
    mark.high = q3.number(at(row));
    x.add(mark.x);
    y.add(mark.y);
    chart.marks.push_back(mark);
  }
  if (chart.marks.empty()) {
    chart.emptyReason = QObject::tr("No record has a time: neither measured nor predicted.");
    return chart;
  }
  FloorBuilder(input, *column, chart, y).build();
  addSweepLines(input, column->info().id, encoding, chart);
  encoding.addLegend(chart);
  addStateLegend(chart);
  leftOut.noteIn(chart);
  if (x.low() == x.high() && x.low() > 0) {
    x = Range(Scale::log);
    x.add(chart.marks.front().x / (1.5 * kStub));
    x.add(chart.marks.front().x * (1.5 * kStub));
  }
  x.applyTo(chart.x);
  y.applyTo(chart.y);
  return chart;
}

}  // namespace kvroof::gui
