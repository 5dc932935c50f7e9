// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <functional>
#include <span>
#include <vector>

#include "gui/models/charts/chart.hpp"
#include "traces/index.hpp"

namespace kvroof::gui {

class Dataset;
struct InspectFile;

enum class LevelDots { dram, allLinked };

/// What a reader chose. Column ids; "" lets the builder choose by what varies.
struct ChartOptions {
  QString x;      // axis of charts that run along one
  QString sweep;  // points that differ only in this are linked
  QString colour;
  QString shape;
  QString metric;  // fidelity column
  LevelDots levels = LevelDots::dram;
  bool sizeByTime = true;
};

/// What a chart is made of.
struct ChartInput {
  const Dataset& data;
  std::span<const int> rows;  // filtered
  ChartOptions options;
  int currentRow = -1;
  const traces::Details* details = nullptr;  // of the current row; nullptr when not known
  int baselineFile = -1;                     // index of the file others are compared with
  const InspectFile* inspect = nullptr;
  std::size_t inspectHead = 0;
};

/// Which choosers a view offers.
struct ChartControls {
  bool x = false, sweep = false, colour = false, shape = false, metric = false, levels = false,
       size = false, head = false;
};

struct ViewSpec {
  QString name;   // on the command line
  QString title;  // of the tab
  ChartControls controls;
  Chart (*build)(const ChartInput&) = nullptr;
  bool needsDetails = false;  // redrawn when the current record changes
};

/// All views that are charts, in the order of their tabs.
const std::vector<ViewSpec>& chartViews();
const ViewSpec* findChartView(const QString& name);

}  // namespace kvroof::gui
