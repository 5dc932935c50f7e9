// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QPixmap>
#include <QPointF>
#include <map>

#include "gui/models/charts/chart.hpp"

class QPainter;

namespace kvroof::gui {

class Colours;

/// How a mark looks: everything but its place. Failed marks are hollow and red, modelled ones are
/// rings, simulated ones half filled, measured ones filled; ghosts are pale.
struct MarkLook {
  int shape = 0;
  QRgb colour = 0;
  int diameter = 9;  // pixels
  enum Fill { filled, half, ring, hollow, ghost } fill = filled;
  bool isAboveRoof = false;
  auto operator<=>(const MarkLook&) const = default;
};

MarkLook lookOf(const Mark& mark, const Colours& colours);
void paintMark(QPainter& painter, QPointF centre, const MarkLook& look, const Colours& colours);

/// Marks painted once each and copied from then on: a cloud of 100,000 has a few dozen looks.
class MarkStamps {
 public:
  void paint(QPainter& painter, QPointF centre, const MarkLook& look, const Colours& colours);
  void clear() { stamps_.clear(); }

 private:
  std::map<MarkLook, QPixmap> stamps_;
};

}  // namespace kvroof::gui
