// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

#include "gui/models/data/dataset.hpp"
#include "traces/index.hpp"

namespace kvroof::gui {

/// A roof used at this share or more is what binds a record; the launch binds when it is this share
/// of the time.
inline constexpr double kBindingShare = 0.6;
/// A measured time this near to the model's, as a share of it, is limited by what the model names.
inline constexpr double kExplainedShare = 0.25;

/// What limits one record, in sentences, each with the rule or the numbers it rests on.
struct Guidance {
  QString headline;       // "Bound by DRAM: 87 % of the measured DRAM roof."
  QStringList sentences;  // why, headroom, model, instruction budget
  QStringList warnings;   // failed validation, above a roof, provenance
};

/// `details` adds what a list does not hold: counters and the terms of the model. May be nullptr.
Guidance guidanceFor(const Dataset& data, int row, const traces::Details* details);

/// Why a record can lie above a roof: the likely cause, and what to check.
QString aboveRoofCause(const Dataset& data, int row);

}  // namespace kvroof::gui
