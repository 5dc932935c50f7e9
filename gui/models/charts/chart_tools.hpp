// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMap>
#include <QObject>

#include "gui/models/charts/builder.hpp"
#include "gui/models/data/column_ids.hpp"
#include "gui/models/data/row_facts.hpp"
#include "traces/ceilings.hpp"

namespace kvroof::gui {

inline std::size_t at(int row) { return static_cast<std::size_t>(row); }

/// Smallest and largest of numbers that were added; those that are no numbers, and on a log axis
/// those that are not positive, are passed over.
class Range {
 public:
  explicit Range(Scale scale) : scale_(scale) {}
  void add(double value);
  bool isEmpty() const { return !(low_ <= high_); }
  double low() const { return low_; }
  double high() const { return high_; }
  /// Sets the axis to this range with some air; linear axes of positive numbers start at 0.
  void applyTo(Axis& axis) const;

 private:
  Scale scale_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

/// Of which numbers a chart has to say whether they were measured.
enum class Origins { ofTimesAndTraffic, ofStoredBytes };

/// "NVIDIA H200 · sweep.jsonl · times: measured, modelled": from the drawn rows.
QString subtitleOf(const Dataset& data, std::span<const int> rows,
                   Origins origins = Origins::ofTimesAndTraffic);

/// The ceilings most rows refer to; nullptr when there are none. `id` is set to theirs.
const traces::Ceilings* mainCeilings(const Dataset& data, std::span<const int> rows,
                                     std::string& id);

/// Counts rows that are left out of a chart, by cause, and says so in a note.
class LeftOut {
 public:
  explicit LeftOut(const Dataset& data) : status_(data.at(col::kStatus)), facts_(data) {}

  /// The cause is the status of a row that did not run, else `missing`: what it lacks.
  void add(int row, const QString& missing);
  /// A row of a kernel that only prunes or packs, in a chart of decode steps.
  void addNoStep() { ++counts_[QObject::tr("that compute no attention")]; }
  void noteIn(Chart& chart) const;

 private:
  const Column& status_;
  RowFacts facts_;
  QMap<QString, int> counts_;
};

/// A chart with a name, a title and axes, and a reason when there are no rows at all.
Chart startChart(const ChartInput& input, const QString& name, const QString& title, Axis x,
                 Axis y);

/// Sets `size` of marks by their share of the longest time.
void sizeByTime(const ChartInput& input, Chart& chart);

Axis axisOf(const Column& column, Scale scale);
/// Logarithmic when the values are positive and span more than a factor of eight; context lengths,
/// which double from one to the next, from a factor of two on.
Scale scaleFor(const Column& column, std::span<const int> rows);

}  // namespace kvroof::gui
