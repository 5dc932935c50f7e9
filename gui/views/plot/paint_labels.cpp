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

/// Keeps texts off roofs, floors and the like: a name that lies on another roof is read as its own.
void ChartPainter::avoidLines() {
  for (const Line& line : setup_.chart.lines) {
    const bool isOfData = line.role == LineRole::sweep || line.role == LineRole::level ||
                          line.role == LineRole::arrow || line.role == LineRole::front;
    if (isOfData || isHidden(line.toggle)) continue;
    QPolygonF pixels;
    for (const QPointF& point : line.points) pixels << place(point);
    placer_.addLine(clipped(pixels, setup_.area), &line);
  }
}

/// Keeps the names of lines off the curves of data, as long as those are few.
void ChartPainter::avoidCurves() {
  constexpr std::size_t kMostCurves = 40;
  std::vector<const Line*> curves;
  for (const Line& line : setup_.chart.lines)
    if (line.role == LineRole::sweep) curves.push_back(&line);
  if (curves.size() > kMostCurves) return;
  for (const Line* curve : curves) {
    QPolygonF pixels;
    for (const QPointF& point : curve->points) pixels << place(point);
    placer_.addLine(pixels, curve);
  }
}

namespace {

/// The longest piece of a line that looks straight: the most room for a name.
QLineF longestStraight(const QPolygonF& line) {
  constexpr double kBend = 1.5;  // pixels
  const auto isStraight = [&](qsizetype from, qsizetype to) {
    const QPointF d = line[to] - line[from];
    const double length = std::hypot(d.x(), d.y());
    for (qsizetype i = from + 1; i < to; ++i) {
      const QPointF e = line[i] - line[from];
      if (std::abs(d.x() * e.y() - d.y() * e.x()) > kBend * length) return false;
    }
    return true;
  };
  QLineF longest(line[0], line[1]);
  for (qsizetype from = 0; from + 1 < line.size(); ++from)
    for (qsizetype to = from + 1; to < line.size() && isStraight(from, to); ++to)
      if (const QLineF piece(line[from], line[to]); piece.length() > longest.length())
        longest = piece;
  return longest;
}

}  // namespace

void ChartPainter::paintLineName(const Line& line) {
  QPolygonF pixels;
  for (const QPointF& point : line.points) pixels << place(point);
  const QPolygonF visible = clipped(pixels, setup_.area);
  if (visible.size() < 2) return;
  QLineF piece = longestStraight(visible);
  if (piece.x2() < piece.x1()) piece = QLineF(piece.p2(), piece.p1());
  if (paintNameAlong(line, piece.p1(), piece.p2())) return;
  // Without its name a roof is known by its legend; a curve among many does without.
  if (line.role == LineRole::roof || line.role == LineRole::floor)
    paintNameBeside(line, piece.p1(), piece.p2());
}

/// Measured roofs are labelled below, theoretical ones, which lie higher, above: so the two texts
/// of a pair of close lines stay apart.
bool ChartPainter::paintNameAlong(const Line& line, QPointF a, QPointF b) {
  const QFontMetricsF metrics(setup_.font);
  const QSizeF size(metrics.horizontalAdvance(line.label), metrics.height());
  const QLineF segment(a, b);
  const bool isFlat = std::abs(b.y() - a.y()) < 1;
  if (segment.length() < size.width() + 8) return false;
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
      if (!placer_.tryTake(turn.map(QPolygonF(box.adjusted(-2, 0, 2, 0))), &line)) continue;
      paintName(line, turn, box);
      return true;
    }
  return false;
}

/// Some way off, with a thin line that leads to it and crosses no other.
bool ChartPainter::paintNameBeside(const Line& line, QPointF a, QPointF b) {
  const QFontMetricsF metrics(setup_.font);
  const QSizeF size(metrics.horizontalAdvance(line.label), metrics.height());
  constexpr double kPair = 4;  // pixels between the measured and the theoretical one of a pair
  for (const double away : {1.2, 2.2, 3.4, 5.0})
    for (const double share : {0.1, 0.3, 0.5, 0.7, 0.9})
      for (const double side : {1.0, -1.0}) {
        const QPointF from = a + (b - a) * share;
        const double shift = side * away * size.height();
        const QPointF to = from + QPointF(0, shift);
        const QRectF box(
            QPointF(from.x() - size.width() / 2, side > 0 ? to.y() : to.y() - size.height()), size);
        const QPointF start = from + QPointF(0, side * kPair), thick(1, 0);
        if (placer_.crossesLine(QPolygonF{start, to, to + thick, start + thick}, &line)) continue;
        if (!placer_.tryTake(box)) continue;
        painter_.setPen(QPen(setup_.colours.muted(), 1));
        painter_.drawLine(from, to);
        paintName(line, QTransform(), box);
        return true;
      }
  return false;
}

void ChartPainter::paintName(const Line& line, const QTransform& turn, const QRectF& box) {
  painter_.save();
  painter_.setTransform(turn, true);
  painter_.fillRect(box.adjusted(0, 2, 0, -2), behindText());
  const bool isFaint = line.dashed && line.role != LineRole::sweep;
  painter_.setPen(line.role == LineRole::sweep ? setup_.colours.textOf(line.hue)
                  : isFaint                    ? setup_.colours.muted()
                                               : setup_.colours.text());
  painter_.drawText(box, Qt::AlignCenter, line.label);
  painter_.restore();
  if (setup_.names) setup_.names->push_back({&line, turn.map(QPolygonF(box))});
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
