// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/plot/mark_stamp.hpp"

#include <QPainter>
#include <QPainterPath>
#include <cmath>

#include "gui/views/plot/colours.hpp"

namespace kvroof::gui {
namespace {

QPainterPath polygon(double radius, std::initializer_list<QPointF> corners) {
  QPolygonF shape;
  for (const QPointF& corner : corners) shape << corner * radius;
  QPainterPath path;
  path.addPolygon(shape);
  path.closeSubpath();
  return path;
}

QPainterPath outline(int shape, double radius) {
  QPainterPath path;
  switch (shape) {
    case 1: path.addRect(-radius * 0.88, -radius * 0.88, radius * 1.76, radius * 1.76); return path;
    case 2: return polygon(radius * 1.2, {{0, -1}, {1, 0}, {0, 1}, {-1, 0}});
    case 3: return polygon(radius * 1.2, {{0, -1}, {0.95, 0.75}, {-0.95, 0.75}});
    case 4: return polygon(radius * 1.2, {{0, 1}, {0.95, -0.75}, {-0.95, -0.75}});
    case 5:
      return polygon(radius * 1.1,
                     {{0, -1}, {0.95, -0.31}, {0.59, 0.81}, {-0.59, 0.81}, {-0.95, -0.31}});
    case 6:
      return polygon(radius * 1.1, {{-0.35, -1},
                                    {0.35, -1},
                                    {0.35, -0.35},
                                    {1, -0.35},
                                    {1, 0.35},
                                    {0.35, 0.35},
                                    {0.35, 1},
                                    {-0.35, 1},
                                    {-0.35, 0.35},
                                    {-1, 0.35},
                                    {-1, -0.35},
                                    {-0.35, -0.35}});
    case 7:
      return polygon(
          radius * 1.3,
          {{0, -1}, {0.3, -0.3}, {1, 0}, {0.3, 0.3}, {0, 1}, {-0.3, 0.3}, {-1, 0}, {-0.3, -0.3}});
    default: path.addEllipse(QPointF(0, 0), radius, radius); return path;
  }
}

void fillShape(QPainter& painter, const QPainterPath& path, const MarkLook& look,
               const Colours& colours) {
  const QColor colour = QColor::fromRgb(look.colour);
  QColor pale = colour;
  pale.setAlphaF(0.25F);
  switch (look.fill) {
    case MarkLook::filled: painter.fillPath(path, colour); break;
    case MarkLook::half: {
      painter.fillPath(path, colours.background());
      QPainterPath lower;
      const QRectF box = path.boundingRect();
      lower.addRect(QRectF(box.left(), box.center().y(), box.width(), box.height() / 2));
      painter.fillPath(path.intersected(lower), colour);
      break;
    }
    case MarkLook::ring: painter.fillPath(path, colours.background()); break;
    case MarkLook::hollow: break;
    case MarkLook::ghost: painter.fillPath(path, pale); break;
  }
}

}  // namespace

MarkLook lookOf(const Mark& mark, const Colours& colours) {
  constexpr double kSmallest = 8, kLargest = 18;  // pixels; the area follows `size`
  MarkLook look;
  look.shape = mark.shape;
  look.diameter = static_cast<int>(
      std::lround(kSmallest + (kLargest - kSmallest) * std::sqrt(std::clamp(mark.size, 0.0, 1.0))));
  look.colour = mark.failed ? colours.failed().rgb() : colours.of(mark.hue).rgb();
  look.isAboveRoof = mark.aboveRoof;
  if (mark.ghost) {
    look.fill = MarkLook::ghost;
  } else if (mark.failed) {
    look.fill = MarkLook::hollow;
  } else if (mark.provenance == traces::Provenance::modelled) {
    look.fill = MarkLook::ring;
  } else if (mark.provenance == traces::Provenance::simulated) {
    look.fill = MarkLook::half;
  }
  return look;
}

void paintMark(QPainter& painter, QPointF centre, const MarkLook& look, const Colours& colours) {
  const double radius = look.diameter / 2.0;
  const QPainterPath path = outline(look.shape, radius).translated(centre);
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  fillShape(painter, path, look, colours);
  const QColor colour = QColor::fromRgb(look.colour);
  const bool isOpen =
      look.fill == MarkLook::ring || look.fill == MarkLook::half || look.fill == MarkLook::hollow;
  painter.setPen(QPen(isOpen                         ? colour
                      : look.fill == MarkLook::ghost ? colours.muted()
                                                     : colours.background(),
                      isOpen ? 1.8 : 0.8));
  painter.setBrush(Qt::NoBrush);
  painter.drawPath(path);
  if (look.fill == MarkLook::hollow) {
    const double arm = radius * 0.7;
    painter.drawLine(centre + QPointF(-arm, -arm), centre + QPointF(arm, arm));
    painter.drawLine(centre + QPointF(-arm, arm), centre + QPointF(arm, -arm));
  }
  if (look.isAboveRoof) {
    painter.setPen(QPen(colours.warning(), 2, Qt::DotLine));
    painter.drawEllipse(centre, radius + 5, radius + 5);
  }
  painter.restore();
}

void MarkStamps::paint(QPainter& painter, QPointF centre, const MarkLook& look,
                       const Colours& colours) {
  const double ratio = painter.device()->devicePixelRatioF();
  const int side = look.diameter * 2 + 16;
  auto [entry, isNew] = stamps_.try_emplace(look);
  if (isNew) {
    QPixmap pixmap(QSize(side, side) * ratio);
    pixmap.setDevicePixelRatio(ratio);
    pixmap.fill(Qt::transparent);
    QPainter stamp(&pixmap);
    paintMark(stamp, QPointF(side / 2.0, side / 2.0), look, colours);
    stamp.end();
    entry->second = std::move(pixmap);
  }
  painter.drawPixmap(
      QPointF(std::round(centre.x()) - side / 2.0, std::round(centre.y()) - side / 2.0),
      entry->second);
}

}  // namespace kvroof::gui
