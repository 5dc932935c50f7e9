// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "gui/models/charts/builder.hpp"

namespace kvroof::gui {

/// The record a chart explains when it can explain only one: the current one if it is shown, else a
/// passed sparse one with the longest context and a sparsity near the 70 % that pruning papers
/// recommend. -1 when there are no rows.
int referenceRow(const ChartInput& input);

/// The rows that differ from the reference only in `axisId`, in its order, one per value.
std::vector<int> referenceSweep(const ChartInput& input, const QString& axisId);

/// "sparse_decode, batch 8, 32k tokens, 70 % sparsity": what was varied, of one row.
QString configurationText(const Dataset& data, int row, const QString& exceptAxis = {});

}  // namespace kvroof::gui
