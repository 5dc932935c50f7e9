// SPDX-License-Identifier: GPL-3.0-or-later
#include <QObject>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/encoding.hpp"
#include "gui/models/charts/pareto.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

const Column* metricColumn(const ChartInput& input) {
  if (const Column* chosen = input.data.find(input.options.metric)) return chosen;
  const Column* first = nullptr;
  for (const Column& column : input.data.columns()) {
    if (!column.info().id.startsWith(col::kFidelityPrefix)) continue;
    if (column.info().id.contains(QLatin1String("cosine"))) return &column;
    if (!first) first = &column;
  }
  return first;
}

Better betterOf(const QString& metric) {
  for (const char* bad : {"error", "mse", "mae", "kl", "perplexity", "ppl", "loss", "divergence"})
    if (metric.contains(QLatin1String(bad), Qt::CaseInsensitive)) return Better::lower;
  return Better::higher;
}

}  // namespace

Chart buildFidelityChart(const ChartInput& input) {
  const Column* metric = metricColumn(input);
  const QString name = metric ? metric->info().title : QObject::tr("fidelity");
  const Better better = betterOf(name);
  Chart chart = startChart(
      input, QStringLiteral("fidelity"), QObject::tr("Fidelity against size"),
      {.label = QObject::tr("bytes per token of the cache (B)"), .quantity = Quantity::bytes},
      {.label = QObject::tr("%1 (%2 is better)")
                    .arg(name,
                         better == Better::higher ? QObject::tr("higher") : QObject::tr("lower"))});
  if (chart.isEmpty()) return chart;
  if (!metric) {
    chart.emptyReason = QObject::tr(
        "No record holds a fidelity or accuracy column; `kvroof fidelity` writes them.");
    return chart;
  }
  const QString colour =
      input.options.colour.isEmpty() ? QString(col::kKeyRule) : input.options.colour;
  const bool hasFormats = input.data.isVaried(input.data.at(col::kKeyFormat), input.rows);
  const QString shape = hasFormats ? col::kKeyFormat : col::kKeyRule;
  const Encoding encoding(input, colour,
                          input.options.shape.isEmpty() ? shape : input.options.shape);
  const MarkMaker marks(input, encoding);
  const Column& bytes = input.data.at(col::kBytesPerToken);
  LeftOut leftOut(input.data);
  Range x(Scale::linear), y(Scale::linear);
  std::vector<QPointF> points;
  for (const int row : input.rows) {
    Mark mark = marks.of(row);
    mark.x = bytes.number(at(row));
    mark.y = metric->number(at(row));
    if (!(mark.x > 0) || !std::isfinite(mark.y)) {
      leftOut.add(row, QObject::tr("without %1 or bytes").arg(name));
      continue;
    }
    mark.aboveRoof = false;
    x.add(mark.x);
    y.add(mark.y);
    points.emplace_back(mark.x, mark.failed ? kNotKnown : mark.y);  // a failed run beats nobody
    chart.marks.push_back(mark);
  }
  if (chart.marks.empty()) {
    chart.emptyReason = QObject::tr("No shown record holds both %1 and bytes per token.").arg(name);
    return chart;
  }
  Line front{
      .role = LineRole::front, .hue = {}, .toggle = QObject::tr("Pareto front"), .points = {}};
  for (const std::size_t i : paretoFront(points, better)) {
    // A stair: between two points nothing better than the smaller one is known.
    if (!front.points.empty()) front.points.emplace_back(points[i].x(), front.points.back().y());
    front.points.push_back(points[i]);
  }
  chart.legend.push_back({front.toggle, LegendSymbol::line, Hue{}, 0, front.toggle});
  chart.lines.push_back(std::move(front));
  encoding.addLegend(chart);
  addStateLegend(chart);
  leftOut.noteIn(chart);
  // Sizes and fidelities lie close together and far from 0: points are compared, not lengths.
  const auto fit = [](const Range& range, Axis& axis) {
    const double air = std::max(range.high() - range.low(), 1e-6) * 0.08;
    axis.min = range.low() - air;
    axis.max = range.high() + air;
  };
  fit(x, chart.x);
  fit(y, chart.y);
  return chart;
}

}  // namespace kvroof::gui
