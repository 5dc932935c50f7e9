// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <vector>

#include "gui/models/data/dataset.hpp"

namespace kvroof::gui {

/// What the two spread intervals say. unclear: one side has fewer than two samples, or the
/// intervals touch although the medians differ. predicted: one side is a model, for which
/// significance means nothing. failed: the run did not pass validation, so its time means nothing.
enum class Verdict { faster, slower, same, unclear, predicted, failed };

struct Delta {
  int row = -1;
  int baselineRow = -1;  // -1: the baseline is the prediction of the row itself
  double timeNs = 0;
  double baselineNs = 0;
  double change() const { return timeNs / baselineNs - 1; }  // 0.1: 10 % slower
  Verdict verdict = Verdict::unclear;
};

/// Medians closer than this are the same, whatever the spread.
inline constexpr double kSameShare = 0.005;

/// Faster or slower needs a run that passed, disjoint quartile intervals and medians more than
/// kSameShare apart.
Verdict judge(const Dataset& data, int row, int baselineRow);
QString verdictText(Verdict verdict);

/// Pairs rows with the passed record of equal configuration in `baselineFile`, or, when that is -1,
/// with their own prediction. Rows of the baseline file itself are left out. Of several records of
/// one configuration the last counts. Failed runs first, then the worst regression.
std::vector<Delta> compareRows(const Dataset& data, std::span<const int> rows, int baselineFile);

}  // namespace kvroof::gui
