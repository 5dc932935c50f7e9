// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPainterPath>
#include <QPolygonF>
#include <QRectF>
#include <QTransform>
#include <optional>
#include <utility>
#include <vector>

namespace kvroof::gui {

/// Finds room for texts so that none covers another.
class LabelPlacer {
 public:
  explicit LabelPlacer(const QRectF& area) : area_(area) {}

  /// Takes the place if it lies inside the area and is free.
  bool tryTake(const QPolygonF& place) {
    if (!area_.adjusted(-1, -1, 1, 1).contains(place.boundingRect())) return false;
    for (const auto& [box, other] : taken_)
      if (box.intersects(place.boundingRect()) && other.intersects(place)) return false;
    block(place);
    return true;
  }
  /// Keeps texts away from a place.
  void block(const QPolygonF& place) { taken_.emplace_back(place.boundingRect(), place); }
  bool tryTake(const QRectF& place) { return tryTake(QPolygonF(place)); }

  /// A place of this size near a point: right, left, above, below, then further down.
  std::optional<QRectF> near(QPointF point, QSizeF size, double gap) {
    const double w = size.width(), h = size.height();
    for (int step = 0; step < 8; ++step)
      for (const double direction : {1.0, -1.0}) {
        const double shift = direction * step * (h + 1);
        for (const QRectF& place : {QRectF(point.x() + gap, point.y() - h / 2 + shift, w, h),
                                    QRectF(point.x() - gap - w, point.y() - h / 2 + shift, w, h)})
          if (tryTake(place)) return place;
      }
    return std::nullopt;
  }

 private:
  QRectF area_;
  std::vector<std::pair<QRectF, QPolygonF>> taken_;
};

}  // namespace kvroof::gui
