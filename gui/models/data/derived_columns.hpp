// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "gui/models/data/column.hpp"
#include "traces/ceilings.hpp"

namespace kvroof::gui {

class Dataset;

/// A point this much above a roof is flagged: less is within the noise of the probe.
inline constexpr double kRoofTolerance = 0.02;

/// Columns that need roofs or other records.
std::vector<ColumnInfo> derivedColumns();

/// Fills them for all rows.
void deriveColumns(Dataset& data);

/// How much of one roof a record uses.
struct RoofUse {
  traces::RoofLevel level = traces::RoofLevel::dram;
  traces::RoofKind kind = traces::RoofKind::measured;
  double achieved = 0;  // in roof_unit(level)
  double roof = 0;      // in roof_unit(level)
  double share() const { return achieved / roof; }
};

/// One entry per level for which traffic (or flops), time and a roof are known. Measured roofs are
/// preferred; theoretical ones stand in. Flops count against the tensor roof, executed ones when
/// they are known, else useful ones.
std::vector<RoofUse> roofUses(const Dataset& data, std::size_t row);

/// "measured DRAM roof", "theoretical tensor roof".
QString roofName(const RoofUse& use);
QString levelName(traces::RoofLevel level);

}  // namespace kvroof::gui
