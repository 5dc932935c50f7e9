// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <span>

#include "gui/models/charts/chart.hpp"

namespace kvroof::gui {

class Dataset;

/// One line of RFC 4180, ended by a newline. Cells that a spreadsheet would run as a formula are
/// given a leading apostrophe.
QString csvLine(const QStringList& cells);

/// Shortest text that reads back to the same double; "" when not known.
QString csvNumber(double value);

/// The numbers behind a chart: one line per mark, line point, bar part, cell or span, in SI base
/// units except for times, which are in ns.
QString chartAsCsv(const Dataset& data, const Chart& chart);

/// All columns of some rows, numbers in full precision.
QString rowsAsCsv(const Dataset& data, std::span<const int> rows);

}  // namespace kvroof::gui
