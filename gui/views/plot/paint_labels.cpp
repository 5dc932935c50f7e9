// SPDX-License-Identifier: GPL-3.0-or-later
// The texts of a chart: along roofs and floors, and beside points.
#include <QFontMetricsF>
#include <QPainter>
#include <cmath>

#include "gui/views/plot/chart_painter.hpp"

namespace kvroof::gui {

QColor ChartPainter::behindText() const {
  QColor behind = setup_.colours.background();
  behind.setAlphaF(0.8F);
  return behind;
}

void ChartPainter::paintRoofLabels() {
  blockCurves();
  for (const Line& line : setup_.chart.lines)
    if (!line.label.isEmpty() && !isHidden(line.toggle)) paintLabelAlong(line);
}

/// Keeps the names of lines off the curves of data, as long as those are few.
void ChartPainter::blockCurves() {
  constexpr std::size_t kMostCurves = 40;
  std::vector<const Line*> curves;
  for (const Line& line : setup_.chart.lines)
    if (line.role == LineRole::sweep) curves.push_back(&line);
  if (curves.size() > kMostCurves) return;
  for (const Line* curve : curves)
    for (std::size_t i = 0; i + 1 < curve->points.size(); ++i) {
      const QPointF a = place(curve->points[i]), b = place(curve->points[i + 1]), thick(0, 1);
      placer_.block(QPolygonF{a, b, b + thick, a + thick});
    }
}

/// Measured roofs are labelled below, theoretical ones, which lie higher, above: so the two texts
/// of a pair of close lines stay apart.
void ChartPainter::paintLabelAlong(const Line& line) {
  QPolygonF pixels;
  for (const QPointF& point : line.points) pixels << place(point);
  const QPolygonF visible = clipped(pixels, setup_.area);
  if (visible.size() < 2) return;
  QPointF a = visible[0], b = visible[1];
  for (qsizetype i = 1; i + 1 < visible.size(); ++i)  // the longest piece has the most room
    if (QLineF(visible[i], visible[i + 1]).length() > QLineF(a, b).length()) {
      a = visible[i];
      b = visible[i + 1];
    }
  if (b.x() < a.x()) std::swap(a, b);
  const QFontMetricsF metrics(setup_.font);
  const QSizeF size(metrics.horizontalAdvance(line.label), metrics.height());
  const QLineF segment(a, b);
  const bool isFlat = std::abs(b.y() - a.y()) < 1;
  if (segment.length() < size.width() + 8) return;
  const bool isAbove = line.dashed != (line.role == LineRole::floor);
  const double above = -size.height() - 1, below = 2;
  const int steps = 24;
  for (const double offset : {isAbove ? above : below, isAbove ? below : above})
    for (int step = 0; step <= steps; ++step) {
      // Flat roofs are labelled at their right end, where there are no slopes; slopes from the
      // left.
      const double share =
          isFlat ? 1 - static_cast<double>(step) / steps : static_cast<double>(step) / steps;
      const double start = 3 + share * (segment.length() - size.width() - 6);
      QTransform turn;
      turn.translate(a.x(), a.y());
      turn.rotate(-segment.angle());
      const QRectF box(start, offset, size.width(), size.height());
      if (!placer_.tryTake(turn.map(QPolygonF(box.adjusted(-2, 0, 2, 0))))) continue;
      painter_.save();
      painter_.setTransform(turn, true);
      painter_.fillRect(box.adjusted(0, 2, 0, -2), behindText());
      const bool isFaint = line.dashed && line.role != LineRole::sweep;
      painter_.setPen(line.role == LineRole::sweep ? setup_.colours.textOf(line.hue)
                      : isFaint                    ? setup_.colours.muted()
                                                   : setup_.colours.text());
      painter_.drawText(box, Qt::AlignCenter, line.label);
      painter_.restore();
      return;
    }
}

/// Below a roof and right of its slope, else above the roof's shoulder: lines pass elsewhere.
std::optional<QRectF> ChartPainter::placeOfRidge(QPointF at, QSizeF size) {
  for (const QRectF& place : {QRectF(at + QPointF(6, 4), size),
                              QRectF(at - QPointF(6 + size.width(), 4 + size.height()), size)})
    if (placer_.tryTake(place)) return place;
  return std::nullopt;
}

void ChartPainter::paintLabels() {
  const QFontMetricsF metrics(setup_.font);
  for (const Label& label : setup_.chart.labels) {
    const QPointF at = place(label.at);
    if (isHidden(label.toggle) || !setup_.area.contains(at)) continue;
    const QSizeF size(metrics.horizontalAdvance(label.text) + 2, metrics.height());
    auto where = label.isRidge ? placeOfRidge(at, size) : std::nullopt;
    if (!where) where = placer_.near(at, size, 11);
    if (!where) continue;
    painter_.setPen(QPen(setup_.colours.muted(), 1));
    if (std::abs(where->center().y() - at.y()) > size.height() * 0.75)
      painter_.drawLine(at, QPointF(where->left() > at.x() ? where->left() : where->right(),
                                    where->center().y()));
    painter_.setBrush(setup_.colours.text());
    painter_.drawEllipse(at, 2, 2);
    painter_.fillRect(*where, behindText());
    painter_.setPen(setup_.colours.text());
    painter_.drawText(*where, Qt::AlignCenter, label.text);
  }
}

}  // namespace kvroof::gui
