// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <vector>

#include "gui/models/charts/encoding.hpp"

namespace kvroof::gui {

/// Rows that differ only in one axis, in the order of that axis.
using Sweep = std::vector<int>;

/// Groups of at least two rows of one file, device and origin of time, in the order of their first
/// rows. `axisId` must be a column.
std::vector<Sweep> findSweeps(const ChartInput& input, const QString& axisId,
                              std::span<const int> rows);

/// The one of `input.rows` that `row` belongs to, which may hold that row alone.
Sweep sweepOf(const ChartInput& input, const QString& axisId, int row);

/// The axis to link along when nobody chose one: the first varied of sparsity, kv_len, batch, or
/// another.
QString defaultSweepAxis(const ChartInput& input);

/// More curves than this are a grey mass: only the one of the current record is then drawn.
inline constexpr std::size_t kMaxSweepLines = 300;

/// Adds the sweep curves through marks that are already in the chart. A few of them are labelled
/// with what neither axis, colour nor shape tells.
void addSweepLines(const ChartInput& input, const QString& axisId, const Encoding& encoding,
                   Chart& chart);

}  // namespace kvroof::gui
