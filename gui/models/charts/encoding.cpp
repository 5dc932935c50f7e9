// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/charts/encoding.hpp"

#include <QObject>
#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

std::size_t at(int row) { return static_cast<std::size_t>(row); }

bool isVaried(const ChartInput& input, QLatin1String id) {
  const Column* column = input.data.find(id);
  return column && input.data.countValues(*column, input.rows, 1) > 1;
}

std::optional<traces::Provenance> provenanceFrom(const QString& name) {
  for (const auto value :
       {traces::Provenance::measured, traces::Provenance::simulated, traces::Provenance::modelled})
    if (name == QLatin1String(name_of(value).data(), static_cast<qsizetype>(name_of(value).size())))
      return value;
  return std::nullopt;
}

/// Axes that move together with the swept one, and so do not split a sweep.
bool movesWith(const QString& axis, const QString& swept) {
  static const std::set<QString> kSparsities{col::kSparsity, "key_sparsity", "value_sparsity"};
  return axis == swept || (kSparsities.contains(axis) && kSparsities.contains(swept));
}

}  // namespace

Encoding::Encoding(const ChartInput& input, QString colourId, QString shapeId)
    : data_(input.data), colourId_(std::move(colourId)), shapeId_(std::move(shapeId)) {
  if (colourId_.isEmpty())
    colourId_ = isVaried(input, col::kSparsity) ? col::kSparsity : col::kKernel;
  if (shapeId_.isEmpty()) shapeId_ = col::kKernel;
  colour_ = data_.find(colourId_);
  shape_ = data_.find(shapeId_);
  if (colour_ && colour_->isNumber()) {
    placeOnRamp(input.rows);
  } else if (colour_) {
    seriesOf_ = firstSeen(*colour_, input.rows);
  }
  if (shape_ && !shape_->isNumber()) shapeOf_ = firstSeen(*shape_, input.rows);
}

std::map<int, int> Encoding::firstSeen(const Column& column, std::span<const int> rows) {
  std::map<int, int> place;
  for (const int row : rows)
    if (const int code = column.code(at(row)); code >= 0)
      place.try_emplace(code, static_cast<int>(place.size()));
  return place;
}

/// A dozen values are spread evenly, so that neighbours can be told apart; more lie by value.
void Encoding::placeOnRamp(std::span<const int> rows) {
  std::set<double> values;
  for (const int row : rows)
    if (const double value = colour_->number(at(row)); std::isfinite(value)) values.insert(value);
  if (values.empty()) return;
  constexpr std::size_t kEvenly = 12;
  const double low = *values.begin(), high = *values.rbegin();
  const bool logarithmic = low > 0 && high / low > 20;
  const auto scaled = [&](double value) { return logarithmic ? std::log(value) : value; };
  std::size_t rank = 0;
  for (const double value : values) {
    const double share =
        values.size() <= kEvenly
            ? static_cast<double>(rank) / std::max(1.0, static_cast<double>(values.size() - 1))
            : (scaled(value) - scaled(low)) / (scaled(high) - scaled(low));
    shadeOf_[value] = share;
    ++rank;
  }
}

Hue Encoding::hue(int row) const {
  if (!colour_) return {.series = 0};
  if (colour_->isNumber()) {
    const auto found = shadeOf_.find(colour_->number(at(row)));
    return found == shadeOf_.end() ? Hue{.series = kNumSeries} : Hue{.shade = found->second};
  }
  const auto found = seriesOf_.find(colour_->code(at(row)));
  return {.series = found == seriesOf_.end() ? kNumSeries : std::min(found->second, kNumSeries)};
}

int Encoding::shape(int row) const {
  if (!shape_ || shape_->isNumber()) return 0;
  const auto found = shapeOf_.find(shape_->code(at(row)));
  return found == shapeOf_.end() ? 0 : found->second % kNumShapes;
}

void Encoding::addLegend(Chart& chart) const {
  constexpr std::size_t kMaxShades = 9;
  const std::size_t step =
      std::max<std::size_t>(1, (shadeOf_.size() + kMaxShades - 1) / kMaxShades);
  std::size_t i = 0;
  for (const auto& [value, shade] : shadeOf_) {
    if (i++ % step != 0 && i != shadeOf_.size()) continue;
    // The first names the column for all: with every one of them naming it, legends take the room.
    const QString title = i == 1 ? colour_->info().title + QStringLiteral(": ") : QString();
    chart.legend.push_back({title + formatQuantity(value, colour_->info().quantity),
                            LegendSymbol::line,
                            Hue{.shade = shade},
                            0,
                            {}});
  }
  const bool isSameColumn = colour_ == shape_;
  for (const auto& [code, series] : seriesOf_) {
    if (series >= kNumSeries) continue;
    chart.legend.push_back({colour_->texts()[static_cast<std::size_t>(code)],
                            LegendSymbol::mark,
                            Hue{.series = series},
                            isSameColumn ? series % kNumShapes : 0,
                            {}});
  }
  if (static_cast<int>(seriesOf_.size()) > kNumSeries)
    chart.legend.push_back({QObject::tr("%1 more (grey)").arg(seriesOf_.size() - kNumSeries),
                            LegendSymbol::mark,
                            Hue{.series = kNumSeries},
                            0,
                            {}});
  if (isSameColumn || shapeOf_.size() < 2) return;
  for (const auto& [code, shape] : shapeOf_)
    if (shape < kNumShapes)
      chart.legend.push_back(
          {shape_->texts()[static_cast<std::size_t>(code)], LegendSymbol::mark, Hue{}, shape, {}});
}

QString defaultSweepAxis(const ChartInput& input) {
  for (const auto id : {col::kSparsity, col::kKvLen, col::kBatch})
    if (isVaried(input, id)) return id;
  const QStringList varied = input.data.variedAxes(input.rows);
  for (const QString& id : varied)
    if (id != col::kKernel && id != col::kVariant && id != col::kDevice && id != col::kFile)
      return id;
  return col::kSparsity;
}

std::vector<Sweep> findSweeps(const ChartInput& input, const QString& axisId,
                              std::span<const int> rows) {
  const Column* axis = input.data.find(axisId);
  if (!axis) return {};
  std::vector<const Column*> fixed{&input.data.at(col::kTimeProvenance),
                                   &input.data.at(col::kFile)};
  for (const QString& id : input.data.variedAxes(input.rows))
    if (!movesWith(id, axisId)) fixed.push_back(&input.data.at(id));
  std::map<std::vector<double>, Sweep> groups;
  std::vector<double> key(fixed.size());
  for (const int row : rows) {
    for (std::size_t i = 0; i < fixed.size(); ++i) {
      const double value =
          fixed[i]->isNumber() ? fixed[i]->number(at(row)) : fixed[i]->code(at(row));
      key[i] = std::isnan(value) ? -1 : value;
    }
    groups[key].rows.push_back(row);
  }
  std::vector<Sweep> sweeps;
  for (auto& [unused, sweep] : groups) {
    std::stable_sort(sweep.rows.begin(), sweep.rows.end(),
                     [&](int a, int b) { return axis->less(at(a), at(b)); });
    if (sweep.rows.size() > 1) sweeps.push_back(std::move(sweep));
  }
  return sweeps;
}

void addSweepLines(const ChartInput& input, const QString& axisId, const Encoding& encoding,
                   Chart& chart) {
  std::unordered_map<int, const Mark*> markOfRow;
  std::vector<int> rows;
  for (const Mark& mark : chart.marks) {
    if (mark.ghost || mark.row < 0) continue;
    if (markOfRow.emplace(mark.row, &mark).second) rows.push_back(mark.row);
  }
  const auto sweeps = findSweeps(input, axisId, rows);
  const bool isTooMany = static_cast<int>(sweeps.size()) > kMaxSweepLines;
  const bool isColouredByAxis = encoding.colourId() == axisId;
  const Column& axis = input.data.at(axisId);
  for (const Sweep& sweep : sweeps) {
    const bool isCurrent =
        std::find(sweep.rows.begin(), sweep.rows.end(), input.currentRow) != sweep.rows.end();
    if (isTooMany && !isCurrent) continue;
    Line line{
        .role = LineRole::sweep,
        .dashed = markOfRow.at(sweep.rows.front())->provenance == traces::Provenance::modelled,
        .hue = isColouredByAxis ? Hue{} : encoding.hue(sweep.rows.front())};
    int last = -1;
    for (const int row : sweep.rows) {
      // Repeated runs of one configuration are no step along the axis.
      if (last >= 0 && axis.same(at(last), at(row))) continue;
      last = row;
      line.points.emplace_back(markOfRow.at(row)->x, markOfRow.at(row)->y);
    }
    if (line.points.size() > 1) chart.lines.push_back(std::move(line));
  }
  const QString title = input.data.at(axisId).info().title;
  if (isTooMany) {
    chart.notes << QObject::tr("%1 curves along %2: only that of the selected record is drawn.")
                       .arg(sweeps.size())
                       .arg(title);
  } else if (!sweeps.empty()) {
    chart.legend.push_back(
        {QObject::tr("linked along %1").arg(title), LegendSymbol::line, Hue{}, 0, {}});
  }
}

Mark markOf(const ChartInput& input, const Encoding& encoding, int row) {
  const Dataset& data = input.data;
  Mark mark;
  mark.row = row;
  mark.hue = encoding.hue(row);
  mark.shape = encoding.shape(row);
  mark.provenance = provenanceFrom(data.at(col::kTimeProvenance).text(at(row)));
  mark.failed = data.at(col::kStatus).text(at(row)) == "failed";
  mark.aboveRoof = data.at(col::kAboveRoof).number(at(row)) == 1;
  return mark;
}

void addStateLegend(Chart& chart) {
  const auto any = [&](auto isSo) {
    return std::any_of(chart.marks.begin(), chart.marks.end(), isSo);
  };
  const auto add = [&](bool isThere, LegendSymbol symbol, const QString& text) {
    if (isThere) chart.legend.push_back({text, symbol, Hue{}, 0, {}});
  };
  add(any([](const Mark& m) { return m.failed; }), LegendSymbol::failed,
      QObject::tr("failed validation"));
  add(any([](const Mark& m) { return m.provenance == traces::Provenance::simulated; }),
      LegendSymbol::simulated, QObject::tr("simulated"));
  add(any([](const Mark& m) { return m.provenance == traces::Provenance::modelled; }),
      LegendSymbol::modelled, QObject::tr("modelled, not measured"));
  add(any([](const Mark& m) { return m.aboveRoof; }), LegendSymbol::aboveRoof,
      QObject::tr("above a roof: see details"));
  add(any([](const Mark& m) { return m.ghost; }), LegendSymbol::ghost, QObject::tr("baseline"));
}

}  // namespace kvroof::gui
