// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPainterPath>
#include <QPolygonF>
#include <QRectF>
#include <QTransform>
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace kvroof::gui {

/// Finds room for texts so that none covers another, nor a line that is not its own.
class LabelPlacer {
 public:
  explicit LabelPlacer(const QRectF& area) : area_(area) {}

  /// A line, in pixels, that texts stay off, but for that of `owner`.
  void addLine(const QPolygonF& points, const void* owner) {
    for (qsizetype i = 0; i + 1 < points.size(); ++i)
      lines_.push_back({points[i], points[i + 1], owner});
  }
  /// `place` is a rectangle, perhaps a turned one.
  bool crossesLine(const QPolygonF& place, const void* owner) const {
    return std::any_of(lines_.begin(), lines_.end(), [&](const Piece& line) {
      return line.owner != owner && crosses(line, place);
    });
  }

  /// Takes the place if it lies inside the area and is free.
  bool tryTake(const QPolygonF& place, const void* owner = nullptr) {
    return !crossesLine(place, owner) && tryTakeOnLines(place);
  }
  /// The same on top of lines.
  bool tryTakeOnLines(const QPolygonF& place) {
    if (!area_.adjusted(-1, -1, 1, 1).contains(place.boundingRect())) return false;
    for (const auto& [box, other] : taken_)
      if (box.intersects(place.boundingRect()) && other.intersects(place)) return false;
    block(place);
    return true;
  }
  /// Keeps texts away from a place.
  void block(const QPolygonF& place) { taken_.emplace_back(place.boundingRect(), place); }
  bool tryTake(const QRectF& place) { return tryTake(QPolygonF(place)); }

  /// A place of this size near a point: right, left, above, below, then further down; off all
  /// lines if there is one.
  std::optional<QRectF> near(QPointF point, QSizeF size, double gap) {
    const double w = size.width(), h = size.height();
    for (const bool isOffLines : {true, false})
      for (int step = 0; step < 8; ++step)
        for (const double direction : {1.0, -1.0}) {
          const double shift = direction * step * (h + 1);
          for (const QRectF& place : {QRectF(point.x() + gap, point.y() - h / 2 + shift, w, h),
                                      QRectF(point.x() - gap - w, point.y() - h / 2 + shift, w, h)})
            if (isOffLines ? tryTake(place) : tryTakeOnLines(place)) return place;
        }
    return std::nullopt;
  }

 private:
  struct Piece {
    QPointF a, b;
    const void* owner;
  };

  /// Two convex shapes are apart if they are along the normal of one of their edges.
  static bool crosses(const Piece& line, const QPolygonF& place) {
    for (const QPointF& edge : {line.b - line.a, place[1] - place[0], place[2] - place[1]}) {
      const auto along = [&](QPointF p) { return p.x() * -edge.y() + p.y() * edge.x(); };
      const double a = along(line.a), b = along(line.b);
      double lowest = along(place[0]), highest = lowest;
      for (qsizetype i = 1; i < 4; ++i) {
        lowest = std::min(lowest, along(place[i]));
        highest = std::max(highest, along(place[i]));
      }
      if (highest < std::min(a, b) || lowest > std::max(a, b)) return false;
    }
    return true;
  }

  QRectF area_;
  std::vector<Piece> lines_;
  std::vector<std::pair<QRectF, QPolygonF>> taken_;
};

}  // namespace kvroof::gui
