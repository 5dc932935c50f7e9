// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QRectF>
#include <optional>

#include "gui/models/charts/chart.hpp"

/// What a cursor can stand on in a chart that is not made of records: the cells of a cache, the
/// blocks of a timeline, the pieces of a histogram. A place is an index into these.
namespace kvroof::gui {

enum class Step { left, right, up, down, first, last };

/// 0 for a chart of records.
std::size_t numPlaces(const Chart& chart);

/// What a place covers, in units of the axes.
QRectF placeBox(const Chart& chart, std::size_t place);

/// A sentence about what is there, for the status line, tool tips and screen readers.
QString placeText(const Chart& chart, std::size_t place);

/// Where a step leads from a place; the place itself when nothing lies there. In a timeline left
/// and right stay on the stream.
std::size_t nextPlace(const Chart& chart, std::size_t place, Step step);

/// The place at a point in units of the axes; blocks may be missed by `slack` along x.
std::optional<std::size_t> placeAt(const Chart& chart, QPointF at, double slack);

}  // namespace kvroof::gui
