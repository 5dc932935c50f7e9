// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "gui/models/charts/chart.hpp"

namespace kvroof::gui {

/// Where an axis is labelled between `low` and `high`: at most `most` places, at least two wherever
/// the numbers allow it. Log axes take decades, then 1-2-5; token axes powers of two; categories
/// every n-th entry.
std::vector<double> tickPlaces(const Axis& axis, double low, double high, int most);

/// The unlabelled ticks between them.
std::vector<double> subTickPlaces(const Axis& axis, double low, double high);

QString tickText(const Axis& axis, double place);

}  // namespace kvroof::gui
