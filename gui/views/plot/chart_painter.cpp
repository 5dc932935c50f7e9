// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/plot/chart_painter.hpp"

#include <QPainter>
#include <algorithm>
#include <cmath>

namespace kvroof::gui {

std::vector<std::size_t> thinMarks(const Chart& chart, const ChartState& state, const QRectF& area,
                                   const std::function<QPointF(double, double)>& place) {
  constexpr double kSquare = 3;  // pixels: a smaller step between marks cannot be seen
  std::vector<std::size_t> shown;
  const bool isThinned = chart.marks.size() > kThinAbove;
  const auto columns = static_cast<std::size_t>(area.width() / kSquare) + 2;
  const auto rows = static_cast<std::size_t>(area.height() / kSquare) + 2;
  std::vector<char> isTaken(isThinned ? columns * rows : 0, 0);
  for (std::size_t i = 0; i < chart.marks.size(); ++i) {
    const Mark& mark = chart.marks[i];
    if (isThinned && !mark.failed && !mark.aboveRoof && !state.selected.contains(mark.row)) {
      const QPointF at = place(mark.x, mark.y) - area.topLeft();
      if (at.x() < 0 || at.y() < 0 || at.x() > area.width() || at.y() > area.height()) continue;
      char& taken = isTaken[static_cast<std::size_t>(at.y() / kSquare) * columns +
                            static_cast<std::size_t>(at.x() / kSquare)];
      if (taken) continue;
      taken = 1;
    }
    shown.push_back(i);
  }
  return shown;
}

QPolygonF clipped(const QPolygonF& line, const QRectF& area) {
  QPolygonF inside;
  const QRectF wide = area.adjusted(-1, -1, 1, 1);
  for (qsizetype i = 0; i + 1 < line.size(); ++i) {
    // Liang-Barsky: the parameters at which the segment enters and leaves the area.
    const QPointF a = line[i], d = line[i + 1] - a;
    double enter = 0, leave = 1;
    bool isOutside = false;
    for (const auto& [p, q] :
         {std::pair(-d.x(), a.x() - wide.left()), std::pair(d.x(), wide.right() - a.x()),
          std::pair(-d.y(), a.y() - wide.top()), std::pair(d.y(), wide.bottom() - a.y())}) {
      if (p == 0) {
        isOutside = isOutside || q < 0;
      } else if (p < 0) {
        enter = std::max(enter, q / p);
      } else {
        leave = std::min(leave, q / p);
      }
    }
    if (isOutside || enter > leave) continue;
    if (inside.isEmpty()) inside << a + d * enter;
    inside << a + d * leave;
  }
  return inside;
}

ChartPainter::ChartPainter(QPainter& painter, Setup setup)
    : painter_(painter), setup_(std::move(setup)), placer_(setup_.area) {}

void ChartPainter::paint() {
  painter_.save();
  painter_.setClipRect(setup_.area);
  painter_.setFont(setup_.font);
  painter_.setRenderHint(QPainter::Antialiasing);
  if (setup_.chart.grid) paintGrid();
  paintBars();
  paintSpans();
  paintLines();
  paintMarks();
  paintEmphasis();
  paintCursor();
  avoidLines();
  paintLabels();  // first: they belong to a point, while a roof has room along its length
  avoidCurves();
  if (setup_.names) setup_.names->clear();
  for (const Line& line : setup_.chart.lines)
    if (!line.label.isEmpty() && !isHidden(line.toggle)) paintLineName(line);
  painter_.restore();
}

QPen ChartPainter::penOf(const Line& line) const {
  const Colours& colours = setup_.colours;
  const bool isOfData =
      line.role == LineRole::sweep || line.role == LineRole::level || line.role == LineRole::arrow;
  QColor colour = isOfData ? colours.of(line.hue) : colours.text();
  double width = 1.6;
  if (line.role == LineRole::sweep) {
    colour.setAlphaF(0.85F);
    width = 1.2;
  } else if (line.role == LineRole::level) {
    width = 1;
  } else if (line.role == LineRole::floor) {
    width = line.thick ? 2.6 : 1.2;
  } else if (line.role == LineRole::bound || line.role == LineRole::front) {
    colour = colours.muted();
  }
  QPen pen(colour, width);
  if (line.dashed) pen.setDashPattern({5, 4});
  if (line.role == LineRole::level) pen.setStyle(Qt::DotLine);
  pen.setCapStyle(Qt::FlatCap);
  return pen;
}

void ChartPainter::paintLines() {
  for (const Line& line : setup_.chart.lines)
    if (!isHidden(line.toggle)) paintLine(line);
}

void ChartPainter::paintLine(const Line& line) {
  QPolygonF pixels;
  for (const QPointF& point : line.points) {
    const QPointF at = place(point);
    if (std::isfinite(at.x()) && std::isfinite(at.y())) pixels << at;
  }
  painter_.setPen(penOf(line));
  painter_.setBrush(Qt::NoBrush);
  // Ends far outside would overflow the rasteriser, so only what is visible is drawn.
  for (qsizetype i = 0; i + 1 < pixels.size(); ++i) {
    const QPolygonF segment =
        clipped(QPolygonF{pixels[i], pixels[i + 1]}, setup_.area.adjusted(-20, -20, 20, 20));
    if (segment.size() > 1) painter_.drawPolyline(segment);
  }
  if (line.role == LineRole::arrow && pixels.size() > 1) paintArrowHead(line);
}

void ChartPainter::paintArrowHead(const Line& line) {
  constexpr double kMark = 8;  // pixels: arrows lead to marks, and end at their edge
  const QPointF from = place(line.points[line.points.size() - 2]), end = place(line.points.back());
  const QPointF d = end - from;
  const double length = std::hypot(d.x(), d.y());
  if (length < kMark + 10) return;
  const QPointF to = end - d / length * kMark;
  const QPointF along = d / length * 7, across(-along.y() * 0.5, along.x() * 0.5);
  painter_.setBrush(painter_.pen().color());
  painter_.drawPolygon(QPolygonF{to, to - along + across, to - along - across});
}

void ChartPainter::paintSpread(const Mark& mark, QPointF centre) {
  if (!std::isfinite(mark.low) || !std::isfinite(mark.high)) return;
  const QPointF low = setup_.place(mark.x, mark.low), high = setup_.place(mark.x, mark.high);
  if (std::abs(low.y() - high.y()) < 2) return;
  painter_.setPen(QPen(setup_.colours.of(mark.hue), 1.2));
  painter_.drawLine(low, high);
  for (const QPointF& end : {low, high})
    painter_.drawLine(QPointF(centre.x() - 3, end.y()), QPointF(centre.x() + 3, end.y()));
}

void ChartPainter::paintMarks() {
  constexpr std::size_t kMostObstacles = 1000;  // texts avoid marks as long as that is cheap
  const QRectF wide = setup_.area.adjusted(-20, -20, 20, 20);
  for (const std::size_t i : *setup_.marks) {
    const Mark& mark = setup_.chart.marks[i];
    const QPointF centre = setup_.place(mark.x, mark.y);
    if (!wide.contains(centre)) continue;
    paintSpread(mark, centre);
    const MarkLook look = lookOf(mark, setup_.colours);
    if (setup_.marks->size() <= kMostObstacles) {
      const double radius = look.diameter / 2.0;
      placer_.block(QPolygonF(
          QRectF(centre.x() - radius, centre.y() - radius, look.diameter, look.diameter)));
    }
    if (setup_.stamps) {
      setup_.stamps->paint(painter_, centre, look, setup_.colours);
    } else {
      paintMark(painter_, centre, look, setup_.colours);
    }
  }
}

/// Rings around selected marks, a double ring with cross hairs around the current one.
void ChartPainter::paintEmphasis() {
  if (setup_.state.selected.empty() && setup_.state.current < 0) return;
  painter_.setBrush(Qt::NoBrush);
  for (const std::size_t i : *setup_.marks) {
    const Mark& mark = setup_.chart.marks[i];
    const bool isCurrent = mark.row == setup_.state.current && mark.row >= 0;
    if (mark.ghost || mark.echo || (!isCurrent && !setup_.state.selected.contains(mark.row)))
      continue;
    const QPointF centre = setup_.place(mark.x, mark.y);
    if (!setup_.area.contains(centre)) continue;
    const double radius = lookOf(mark, setup_.colours).diameter / 2.0 + 3;
    painter_.setPen(QPen(setup_.colours.highlight(), 2));
    painter_.drawEllipse(centre, radius, radius);
    if (!isCurrent) continue;
    painter_.drawEllipse(centre, radius + 4, radius + 4);
    placer_.tryTake(QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius));
  }
}

}  // namespace kvroof::gui
