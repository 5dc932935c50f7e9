// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <span>

#include "gui/models/charts/builder.hpp"
#include "gui/models/data/dataset.hpp"

namespace kvroof::gui {

/// Colours and shapes of rows: numbers go on the colour ramp, names get a colour each.
class Encoding {
 public:
  /// An empty id lets it choose: the sparsity, else the kernel, as colour; the kernel as shape.
  Encoding(const ChartInput& input, QString colourId, QString shapeId);

  Hue hue(int row) const;
  int shape(int row) const;
  const QString& colourId() const { return colourId_; }
  const QString& shapeId() const { return shapeId_; }
  void addLegend(Chart& chart) const;

  static constexpr int kNumSeries = 7;  // different colours for names; more share grey
  static constexpr int kNumShapes = 6;

 private:
  void placeOnRamp(std::span<const int> rows);
  static std::map<int, int> firstSeen(const Column& column, std::span<const int> rows);

  const Dataset& data_;
  QString colourId_, shapeId_;
  const Column* colour_ = nullptr;
  const Column* shape_ = nullptr;
  std::map<double, double> shadeOf_;  // by value
  std::map<int, int> seriesOf_;       // by text code
  std::map<int, int> shapeOf_;        // by text code
};

/// Rows that differ only in one axis, in the order of that axis.
struct Sweep {
  std::vector<int> rows;
};
/// Groups of at least two rows of one file, device and origin of time. `axisId` must be a column.
std::vector<Sweep> findSweeps(const ChartInput& input, const QString& axisId,
                              std::span<const int> rows);
/// The axis to link along when nobody chose one: the first varied of sparsity, kv_len, batch, or
/// another.
QString defaultSweepAxis(const ChartInput& input);

/// More curves than this are a grey mass: only the one of the current record is then drawn.
inline constexpr int kMaxSweepLines = 300;

/// Adds the sweep curves through marks that are already in the chart.
void addSweepLines(const ChartInput& input, const QString& axisId, const Encoding& encoding,
                   Chart& chart);

/// A mark for a row with everything but x and y filled in.
Mark markOf(const ChartInput& input, const Encoding& encoding, int row);

/// Legend entries for what the marks of the chart are: failed, simulated, modelled, above a roof.
void addStateLegend(Chart& chart);

}  // namespace kvroof::gui
