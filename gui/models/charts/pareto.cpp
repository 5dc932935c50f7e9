// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/charts/pareto.hpp"

#include <algorithm>
#include <cmath>

namespace kvroof::gui {

std::vector<std::size_t> paretoFront(const std::vector<QPointF>& points, Better better) {
  const double sign = better == Better::higher ? -1 : 1;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (std::isfinite(points[i].x()) && std::isfinite(points[i].y())) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (points[a].x() != points[b].x()) return points[a].x() < points[b].x();
    return sign * points[a].y() < sign * points[b].y();
  });
  std::vector<std::size_t> front;
  for (const std::size_t i : order)
    if (front.empty() || sign * points[i].y() < sign * points[front.back()].y()) front.push_back(i);
  return front;
}

}  // namespace kvroof::gui
