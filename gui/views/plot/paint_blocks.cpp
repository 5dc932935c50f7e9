// SPDX-License-Identifier: GPL-3.0-or-later
// The filled areas of a chart: cells, stacked bars, blocks on a timeline.
#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "gui/models/charts/places.hpp"
#include "gui/views/plot/cell_scale.hpp"
#include "gui/views/plot/chart_painter.hpp"

namespace kvroof::gui {
namespace {

/// `share` 0..1 of `b`, the rest of `a`.
QColor mixed(const QColor& a, const QColor& b, float share) {
  return QColor::fromRgbF(a.redF() + share * (b.redF() - a.redF()),
                          a.greenF() + share * (b.greenF() - a.greenF()),
                          a.blueF() + share * (b.blueF() - a.blueF()));
}

}  // namespace

QRectF ChartPainter::cellRect(std::size_t row, std::size_t column) const {
  const auto x = static_cast<double>(column), y = static_cast<double>(row);
  return QRectF(setup_.place(x - 0.5, y - 0.5), setup_.place(x + 0.5, y + 0.5)).normalized();
}

void ChartPainter::paintGrid() {
  const Grid& grid = *setup_.chart.grid;
  const CellScale scale(grid);
  QImage image(static_cast<int>(grid.numColumns), static_cast<int>(grid.numRows),
               QImage::Format_ARGB32);
  for (std::size_t r = 0; r < grid.numRows; ++r)
    for (std::size_t c = 0; c < grid.numColumns; ++c) {
      const std::size_t cell = r * grid.numColumns + c;
      const double value = grid.values[cell];
      QColor colour = std::isfinite(value)
                          ? setup_.colours.cell(scale.share(value), grid.neutral.has_value())
                          : setup_.colours.faint();
      if (!grid.pruned.empty() && grid.pruned[cell] > 0) {
        colour = mixed(colour, setup_.colours.background(), 0.8F * grid.pruned[cell]);
      }
      image.setPixelColor(static_cast<int>(c), static_cast<int>(grid.numRows - 1 - r), colour);
    }
  const QRectF all = cellRect(0, 0).united(cellRect(grid.numRows - 1, grid.numColumns - 1));
  painter_.setRenderHint(QPainter::SmoothPixmapTransform, false);
  painter_.drawImage(all, image);
  const QRectF one = cellRect(0, 0);
  if (!grid.texts.empty()) paintGridTexts(one.width(), one.height());
}

void ChartPainter::paintGridTexts(double cellWidth, double cellHeight) {
  const Grid& grid = *setup_.chart.grid;
  const CellScale scale(grid);
  const QFontMetricsF metrics(setup_.font);
  for (std::size_t r = 0; r < grid.numRows; ++r)
    for (std::size_t c = 0; c < grid.numColumns; ++c) {
      const std::size_t cell = r * grid.numColumns + c;
      const QRectF box = cellRect(r, c);
      painter_.setBrush(Qt::NoBrush);
      painter_.setPen(QPen(setup_.colours.background(), 1));
      painter_.drawRect(box);
      if (!grid.rows.empty() && grid.rows[cell] >= 0 && grid.rows[cell] == setup_.state.current) {
        painter_.setPen(QPen(setup_.colours.highlight(), 3));
        painter_.drawRect(box.adjusted(2, 2, -2, -2));
      }
      if (!std::isfinite(grid.values[cell])) continue;
      QStringList lines = grid.texts[cell].split('\n');
      if (cellHeight < metrics.height() * 2.2 ||
          (lines.size() > 1 && metrics.horizontalAdvance(lines[1]) > cellWidth - 4))
        lines = {lines[0]};
      if (metrics.horizontalAdvance(lines[0]) > cellWidth - 2 || cellHeight < metrics.height())
        continue;
      painter_.setPen(Colours::readableOn(
          setup_.colours.cell(scale.share(grid.values[cell]), grid.neutral.has_value())));
      painter_.drawText(box, Qt::AlignCenter, lines.join('\n'));
    }
}

/// Half the width of a bar along x: two bars alone do not become two walls.
double ChartPainter::halfBar() const {
  if (setup_.chart.isHistogram) return 0.5;
  constexpr double kWidest = 60;  // pixels
  const double step = std::abs(setup_.place(1, 0).x() - setup_.place(0, 0).x());
  return std::min(setup_.chart.x.categories.size() > 20 ? 0.48 : 0.36, kWidest / step);
}

void ChartPainter::paintBars() {
  if (setup_.chart.bars.empty()) return;
  std::vector<double> base(setup_.chart.bars.front().heights.size(), 0);
  const double half = halfBar();
  for (const BarPart& part : setup_.chart.bars)
    for (std::size_t i = 0; i < part.heights.size(); ++i) {
      const double height = part.heights[i];
      if (!(height > 0)) continue;
      const double x = static_cast<double>(i);
      const QRectF box =
          QRectF(setup_.place(x - half, base[i] + height), setup_.place(x + half, base[i]))
              .normalized();
      base[i] += height;
      const QColor colour = setup_.colours.of({.series = part.series});
      painter_.setPen(QPen(setup_.colours.background(), 0.8));
      painter_.setBrush(part.hatched ? QBrush(colour, Qt::BDiagPattern) : QBrush(colour));
      painter_.drawRect(box);
      if (!part.hatched && setup_.chart.bars.size() > 1)
        paintBarText(box, height, Colours::readableOn(colour));
    }
  for (std::size_t i = 0; i < base.size(); ++i) {
    const double x = static_cast<double>(i);
    QRectF box = QRectF(setup_.place(x - half, base[i]), setup_.place(x + half, 0)).normalized();
    if (i < setup_.chart.barRows.size() && setup_.chart.barRows[i] == setup_.state.current) {
      painter_.setBrush(Qt::NoBrush);
      painter_.setPen(QPen(setup_.colours.highlight(), 2.5));
      painter_.drawRect(box.adjusted(-3, -3, 3, 0));
    }
    const double line = QFontMetricsF(setup_.font).height() + 4;
    box = QRectF(box.left(), box.top() - line, box.width(), line);
    if (base[i] > 0 && setup_.chart.hasTotals) paintBarText(box, base[i], setup_.colours.text());
  }
}

/// The number behind a part, or behind a whole bar, where it has room.
void ChartPainter::paintBarText(const QRectF& box, double value, const QColor& colour) {
  const QFontMetricsF metrics(setup_.font);
  const QString text = formatQuantity(value, setup_.chart.y.quantity);
  if (metrics.horizontalAdvance(text) > box.width() - 4 || metrics.height() > box.height()) return;
  painter_.setPen(colour);
  painter_.drawText(box, Qt::AlignCenter, text);
  placer_.block(QPolygonF(box));
}

QRectF ChartPainter::spanRect(const Span& span) const {
  const double laneHeight = std::abs(setup_.place(0, 1).y() - setup_.place(0, 0).y());
  const double high = std::min(0.6 * laneHeight, 3 * QFontMetricsF(setup_.font).height());
  const QPointF start = setup_.place(span.start, span.lane),
                end = setup_.place(span.end, span.lane);
  return {start - QPointF(0, high / 2), QSizeF(end.x() - start.x(), high)};
}

void ChartPainter::paintSpans() {
  const QFontMetricsF metrics(setup_.font);
  for (const Span& span : setup_.chart.spans) {
    const QRectF box = spanRect(span);
    const QColor colour = setup_.colours.of({.series = span.series});
    painter_.setPen(QPen(setup_.colours.background(), 0.8));
    painter_.setBrush(colour);
    painter_.drawRect(box.width() < 1 ? QRectF(box.left(), box.top(), 1, box.height()) : box);
    const QRectF inside = box.adjusted(4, 2, -4, -2).intersected(setup_.area);
    if (inside.width() < metrics.averageCharWidth() * 4 || box.height() < metrics.height())
      continue;
    painter_.setPen(Colours::readableOn(colour));
    painter_.drawText(inside, Qt::AlignLeft | Qt::AlignVCenter,
                      metrics.elidedText(span.text, Qt::ElideRight, inside.width()));
  }
}

/// A frame around the place that keys walked to, on a wider one that sets it off from any colour.
void ChartPainter::paintCursor() {
  if (!setup_.state.cursor) return;
  constexpr double kGap = 3;  // pixels: cells may be smaller than a pen is wide
  const std::size_t at = *setup_.state.cursor;
  const QRectF covered = placeBox(setup_.chart, at);
  const QRectF box =
      (setup_.chart.spans.empty()
           ? QRectF(place(covered.topLeft()), place(covered.bottomRight())).normalized()
           : spanRect(setup_.chart.spans[at]))
          .adjusted(-kGap, -kGap, kGap, kGap);
  painter_.setBrush(Qt::NoBrush);
  painter_.setPen(QPen(setup_.colours.background(), 5));
  painter_.drawRect(box);
  painter_.setPen(QPen(setup_.colours.highlight(), 2.5));
  painter_.drawRect(box);
}

}  // namespace kvroof::gui
