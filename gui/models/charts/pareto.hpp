// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointF>
#include <cstddef>
#include <vector>

namespace kvroof::gui {

enum class Better { lower, higher };

/// Indices of the points that no other point beats in both: lower x, and y as `better` says. In
/// ascending x; of equal points the first. Points that are not finite take no part.
std::vector<std::size_t> paretoFront(const std::vector<QPointF>& points, Better better);

}  // namespace kvroof::gui
