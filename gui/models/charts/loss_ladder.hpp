// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "gui/models/data/dataset.hpp"

namespace kvroof::gui {

struct LossStep {
  QString name;
  double speedup = 0;  // that would be reached if nothing after this step cost anything
};

/// Where the speed-up that sparsity promises is lost. Steps: the bytes of survivors alone, then
/// with bitmaps and indices, with padding, with the dense window (this is the format's own bound),
/// and last what was achieved: the rest is the kernel's.
struct LossLadder {
  std::vector<LossStep> steps;
  QString sentence;  // "Lost to index 18 %, padding 2 %, window 3 %, kernel 40 %."
};

/// nullopt when bytes or speed-up are not known, or nothing survived.
std::optional<LossLadder> lossLadder(const Dataset& data, int row);

}  // namespace kvroof::gui
