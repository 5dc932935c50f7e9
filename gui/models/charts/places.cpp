// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/charts/places.hpp"

#include <QObject>
#include <algorithm>
#include <cmath>
#include <tuple>

namespace kvroof::gui {
namespace {

bool hasCells(const Chart& chart) { return chart.grid && chart.grid->rows.empty(); }
bool hasPieces(const Chart& chart) { return !chart.bars.empty() && chart.barRows.empty(); }

double totalOf(const Chart& chart, std::size_t bar) {
  double total = 0;
  for (const BarPart& part : chart.bars)
    if (part.heights[bar] > 0) total += part.heights[bar];
  return total;
}

QString cellText(const Chart& chart, std::size_t place) {
  const Grid& grid = *chart.grid;
  const bool isMean = chart.y.perUnit > 1;
  const QString where =
      (isMean ? QObject::tr("tokens from %1, channel %2: ") : QObject::tr("token %1, channel %2: "))
          .arg(static_cast<double>(place / grid.numColumns) * chart.y.perUnit)
          .arg(place % grid.numColumns);
  const QString value = grid.valueLabel + ' ' + formatNumber(grid.values[place], 3);
  if (grid.pruned.empty()) return where + value;
  const auto pruned = static_cast<double>(grid.pruned[place]);
  const QString fate = isMean
                           ? QObject::tr("%1 pruned").arg(formatQuantity(pruned, Quantity::share))
                       : pruned > 0 ? QObject::tr("pruned")
                                    : QObject::tr("kept");
  return QStringLiteral("%1%2, %3").arg(where, value, fate);
}

QString spanText(const Chart& chart, std::size_t place) {
  const Span& span = chart.spans[place];
  QString where = chart.y.categories[span.lane];
  for (const LegendEntry& entry : chart.legend)
    if (entry.hue.series == span.series) where += QStringLiteral(", ") + entry.text;
  return QObject::tr("%1: %2, from %3 to %4; %5 of %6")
      .arg(where, span.text, formatQuantity(span.start, chart.x.quantity),
           formatQuantity(span.end, chart.x.quantity))
      .arg(1 + std::count_if(chart.spans.begin(), chart.spans.end(),
                             [&](const Span& other) { return other.start < span.start; }))
      .arg(chart.spans.size());
}

QString pieceText(const Chart& chart, std::size_t place) {
  QStringList parts;
  for (const BarPart& part : chart.bars)
    parts << QStringLiteral("%1 %2").arg(formatQuantity(part.heights[place], chart.y.quantity),
                                         part.name);
  return QStringLiteral("%1: %2").arg(chart.x.categories[static_cast<qsizetype>(place)],
                                      parts.join(QStringLiteral(", ")));
}

std::size_t nextCell(const Grid& grid, std::size_t place, Step step) {
  const std::size_t column = place % grid.numColumns, row = place / grid.numColumns;
  if (step == Step::left && column > 0) return place - 1;
  if (step == Step::right && column + 1 < grid.numColumns) return place + 1;
  if (step == Step::down && row > 0) return place - grid.numColumns;
  if (step == Step::up && row + 1 < grid.numRows) return place + grid.numColumns;
  return place;
}

/// The block that `isCloser` prefers to all others that `isWanted`; `place` when there is none.
template <typename Wanted, typename Closer>
std::size_t bestSpan(const Chart& chart, std::size_t place, Wanted isWanted, Closer isCloser) {
  std::size_t best = place;
  for (std::size_t i = 0; i < chart.spans.size(); ++i)
    if (isWanted(i) && (best == place || isCloser(i, best))) best = i;
  return best;
}

std::size_t nextSpan(const Chart& chart, std::size_t place, Step step) {
  const Span& here = chart.spans[place];
  const auto order = [&](std::size_t i) { return std::pair(chart.spans[i].start, i); };
  const auto isEarlier = [&](std::size_t a, std::size_t b) { return order(a) < order(b); };
  const auto isOnLane = [&](std::size_t i) { return chart.spans[i].lane == here.lane; };
  if (step == Step::right)
    return bestSpan(
        chart, place, [&](std::size_t i) { return isOnLane(i) && isEarlier(place, i); }, isEarlier);
  if (step == Step::left)
    return bestSpan(
        chart, place, [&](std::size_t i) { return isOnLane(i) && isEarlier(i, place); },
        [&](std::size_t a, std::size_t b) { return isEarlier(b, a); });
  const int sign = step == Step::up ? 1 : -1;
  const auto distance = [&](std::size_t i) {
    const Span& there = chart.spans[i];
    return std::tuple(sign * (there.lane - here.lane),
                      std::abs(there.start + there.end - here.start - here.end), i);
  };
  return bestSpan(
      chart, place, [&](std::size_t i) { return std::get<0>(distance(i)) > 0; },
      [&](std::size_t a, std::size_t b) { return distance(a) < distance(b); });
}

/// The first or last block in time.
std::size_t endSpan(const Chart& chart, Step step) {
  std::size_t end = 0;
  for (std::size_t i = 1; i < chart.spans.size(); ++i)
    if (step == Step::first ? chart.spans[i].start < chart.spans[end].start
                            : chart.spans[i].start >= chart.spans[end].start)
      end = i;
  return end;
}

}  // namespace

std::size_t numPlaces(const Chart& chart) {
  if (hasCells(chart)) return chart.grid->values.size();
  if (!chart.spans.empty()) return chart.spans.size();
  return hasPieces(chart) ? chart.bars.front().heights.size() : 0;
}

QRectF placeBox(const Chart& chart, std::size_t place) {
  if (hasCells(chart))
    return {static_cast<double>(place % chart.grid->numColumns) - 0.5,
            static_cast<double>(place / chart.grid->numColumns) - 0.5, 1, 1};
  if (!chart.spans.empty()) {
    const Span& span = chart.spans[place];
    return {span.start, span.lane - 0.3, span.end - span.start, 0.6};
  }
  return {static_cast<double>(place) - 0.5, 0, 1, totalOf(chart, place)};
}

QString placeText(const Chart& chart, std::size_t place) {
  if (hasCells(chart)) return cellText(chart, place);
  return chart.spans.empty() ? pieceText(chart, place) : spanText(chart, place);
}

std::size_t nextPlace(const Chart& chart, std::size_t place, Step step) {
  const bool isEnd = step == Step::first || step == Step::last;
  if (!hasCells(chart) && !chart.spans.empty())
    return isEnd ? endSpan(chart, step) : nextSpan(chart, place, step);
  if (isEnd) return step == Step::first ? 0 : numPlaces(chart) - 1;
  if (hasCells(chart)) return nextCell(*chart.grid, place, step);
  const bool isForward = step == Step::right || step == Step::up;
  return isForward ? std::min(place + 1, numPlaces(chart) - 1)
                   : place - std::min<std::size_t>(1, place);
}

std::optional<std::size_t> placeAt(const Chart& chart, QPointF at, double slack) {
  std::optional<std::size_t> best;
  if (hasCells(chart)) {
    const Grid& grid = *chart.grid;
    const auto column = std::lround(at.x()), row = std::lround(at.y());
    if (column >= 0 && row >= 0 && column < static_cast<long>(grid.numColumns) &&
        row < static_cast<long>(grid.numRows))
      best = static_cast<std::size_t>(row) * grid.numColumns + static_cast<std::size_t>(column);
    return best;
  }
  double nearest = slack;
  for (std::size_t i = 0; i < numPlaces(chart); ++i) {
    const QRectF box = placeBox(chart, i);
    const double away = std::max({box.left() - at.x(), at.x() - box.right(), 0.0});
    if (at.y() < box.top() || at.y() > box.bottom() || away > nearest) continue;
    nearest = away;
    best = i;
  }
  return best;
}

}  // namespace kvroof::gui
