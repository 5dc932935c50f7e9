// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <set>
#include <span>

#include "gui/models/charts/builder.hpp"
#include "gui/models/data/row_facts.hpp"

namespace kvroof::gui {

/// Colours and shapes of rows: numbers go on the colour ramp, names get a colour each.
class Encoding {
 public:
  /// An empty id lets it choose: the sparsity, else the kernel, as colour; the kernel as shape, or
  /// the file where two of them cannot be told apart by where their times come from.
  Encoding(const ChartInput& input, QString colourId, QString shapeId);

  Hue hue(int row) const;
  int shape(int row) const;
  const QString& colourId() const { return colourId_; }
  const QString& shapeId() const { return shapeId_; }
  /// Explains the colours and shapes of the marks that are in the chart.
  void addLegend(Chart& chart) const;

  static constexpr int kNumSeries = 7;  // different colours for names; more share grey
  static constexpr int kNumShapes = 8;

 private:
  static bool areFilesAlike(const ChartInput& input);
  void placeOnRamp(std::span<const int> rows);
  bool hasOwnShapes() const { return colour_ != shape_ && shapeOf_.size() > 1; }
  void addShades(const std::set<double>& shown, Chart& chart) const;
  void addSeries(const std::set<int>& shown, Chart& chart) const;
  void addShapes(const std::set<int>& shown, Chart& chart) const;
  static std::map<int, int> firstSeen(const Column& column, std::span<const int> rows);

  const Dataset& data_;
  QString colourId_, shapeId_;
  const Column* colour_ = nullptr;
  const Column* shape_ = nullptr;
  std::map<double, double> shadeOf_;  // by value
  std::map<int, int> seriesOf_;       // by text code
  std::map<int, int> shapeOf_;        // by text code
};

/// Makes marks of rows with everything but x and y filled in.
class MarkMaker {
 public:
  MarkMaker(const ChartInput& input, const Encoding& encoding);
  Mark of(int row) const;

 private:
  const Encoding& encoding_;
  RowFacts facts_;
};

/// Legend entries for what the marks of the chart are: failed, simulated, modelled, above a roof,
/// and pale ones, which are `ghosts`.
void addStateLegend(Chart& chart, const QString& ghosts = {});

}  // namespace kvroof::gui
