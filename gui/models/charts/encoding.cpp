// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/charts/encoding.hpp"

#include <QObject>
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {

Encoding::Encoding(const ChartInput& input, QString colourId, QString shapeId)
    : data_(input.data), colourId_(std::move(colourId)), shapeId_(std::move(shapeId)) {
  if (colourId_.isEmpty())
    colourId_ =
        data_.isVaried(data_.at(col::kSparsity), input.rows) ? col::kSparsity : col::kKernel;
  if (shapeId_.isEmpty()) shapeId_ = areFilesAlike(input) ? col::kFile : col::kKernel;
  colour_ = data_.find(colourId_);
  shape_ = data_.find(shapeId_);
  if (colour_ && colour_->isNumber()) {
    placeOnRamp(input.rows);
  } else if (colour_) {
    seriesOf_ = firstSeen(*colour_, input.rows);
  }
  if (shape_ && !shape_->isNumber()) shapeOf_ = firstSeen(*shape_, input.rows);
}

/// Whether two files hold times of one origin: without shapes of their own, the records of one are
/// taken for those of the other.
bool Encoding::areFilesAlike(const ChartInput& input) {
  if (input.data.files().size() < 2) return false;
  const RowFacts facts(input.data);
  std::map<std::optional<traces::Provenance>, int> fileOf;
  return std::any_of(input.rows.begin(), input.rows.end(), [&](int row) {
    const int file = input.data.fileOf(at(row));
    return facts.isTimed(row) &&
           fileOf.try_emplace(facts.provenance(row), file).first->second != file;
  });
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
  std::set<double> shades;
  std::set<int> series, shapes;
  for (const Mark& mark : chart.marks) {
    if (!std::isnan(mark.hue.shade)) shades.insert(mark.hue.shade);
    series.insert(mark.hue.series);
    shapes.insert(mark.shape);
  }
  addShades(shades, chart);
  addSeries(series, chart);
  if (hasOwnShapes()) addShapes(shapes, chart);
}

// In each of the three the first entry names the column for all: with every entry naming it,
// legends take the room.

void Encoding::addShades(const std::set<double>& shown, Chart& chart) const {
  constexpr std::size_t kMaxShades = 9;
  const std::size_t step = std::max<std::size_t>(1, (shown.size() + kMaxShades - 1) / kMaxShades);
  std::size_t i = 0;
  for (const auto& [value, shade] : shadeOf_) {
    if (!shown.contains(shade)) continue;
    if (i++ % step != 0 && i != shown.size()) continue;
    const QString title = i == 1 ? colour_->info().title + QStringLiteral(": ") : QString();
    chart.legend.push_back({title + formatQuantity(value, colour_->info().quantity),
                            LegendSymbol::line,
                            Hue{.shade = shade},
                            0,
                            {}});
  }
}

void Encoding::addSeries(const std::set<int>& shown, Chart& chart) const {
  const int numNames = static_cast<int>(seriesOf_.size());
  const bool isGreyOfOne = numNames == kNumSeries + 1;
  QString title;
  if (numNames > 0 && hasOwnShapes()) title = colour_->info().title + QStringLiteral(": ");
  for (const auto& [code, place] : seriesOf_)
    if (place < kNumSeries + (isGreyOfOne ? 1 : 0) && shown.contains(place))
      chart.legend.push_back({std::exchange(title, QString()) + colour_->texts()[at(code)],
                              LegendSymbol::mark,
                              Hue{.series = place},
                              colour_ == shape_ ? place % kNumShapes : 0,
                              {}});
  if (numNames > kNumSeries && !isGreyOfOne)
    chart.legend.push_back({QObject::tr("%1 more (grey)").arg(numNames - kNumSeries),
                            LegendSymbol::mark,
                            Hue{.series = kNumSeries},
                            0,
                            {}});
}

void Encoding::addShapes(const std::set<int>& shown, Chart& chart) const {
  QString title = shape_->info().title + QStringLiteral(": ");
  for (const auto& [code, shape] : shapeOf_)
    if (shape < kNumShapes && shown.contains(shape))
      chart.legend.push_back({std::exchange(title, QString()) + shape_->texts()[at(code)],
                              LegendSymbol::mark,
                              Hue{},
                              shape,
                              {}});
}

MarkMaker::MarkMaker(const ChartInput& input, const Encoding& encoding)
    : encoding_(encoding), facts_(input.data) {}

Mark MarkMaker::of(int row) const {
  Mark mark;
  mark.row = row;
  mark.hue = encoding_.hue(row);
  mark.shape = encoding_.shape(row);
  mark.provenance = facts_.provenance(row);
  mark.failed = facts_.failed(row);
  mark.aboveRoof = facts_.isAboveRoof(row);
  return mark;
}

void addStateLegend(Chart& chart, const QString& ghosts) {
  const auto any = [&](auto isSo) {
    return std::any_of(chart.marks.begin(), chart.marks.end(), isSo);
  };
  const auto add = [&](bool isThere, LegendSymbol symbol, const QString& text) {
    if (isThere) chart.legend.push_back({text, symbol, Hue{}, 0, {}});
  };
  const auto anyOfOrigin = [&](traces::Provenance origin) {  // pale marks do not show it
    return any([&](const Mark& m) { return !m.ghost && m.provenance == origin; });
  };
  add(any([](const Mark& m) { return m.failed; }), LegendSymbol::failed,
      QObject::tr("failed validation"));
  add(anyOfOrigin(traces::Provenance::simulated), LegendSymbol::simulated,
      QObject::tr("simulated"));
  add(anyOfOrigin(traces::Provenance::modelled), LegendSymbol::modelled,
      QObject::tr("modelled, not measured"));
  add(any([](const Mark& m) { return m.aboveRoof; }), LegendSymbol::aboveRoof,
      QObject::tr("above a roof: see details"));
  add(any([](const Mark& m) { return m.ghost; }), LegendSymbol::ghost, ghosts);
}

}  // namespace kvroof::gui
