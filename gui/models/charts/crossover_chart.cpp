// SPDX-License-Identifier: GPL-3.0-or-later
#include <QObject>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/reference_row.hpp"
#include "gui/models/data/column_ids.hpp"
#include "gui/models/data/derived_columns.hpp"

namespace kvroof::gui {
namespace {

/// The fastest passed run of one kernel and of all others, per cell.
struct Cell {
  double own = kNotKnown;
  int ownRow = -1;
  double rival = kNotKnown;
  QString rivalName;
};

class Crossover {
 public:
  Crossover(const ChartInput& input, int reference) : input_(input), reference_(reference) {
    for (const int row : input.rows)
      if (isComparable(row)) {
        kvLens_.insert(number(col::kKvLen, row));
        if (isOwn(row)) sparsities_.insert(number(col::kSparsity, row));
      }
  }

  bool isEmpty() const { return sparsities_.empty(); }
  const std::set<double>& kvLens() const { return kvLens_; }
  const std::set<double>& sparsities() const { return sparsities_; }

  Cell cell(double kvLen, double sparsity) const {
    Cell cell;
    for (const int row : input_.rows) {
      if (!isComparable(row) || number(col::kKvLen, row) != kvLen) continue;
      const double ns = number(col::kTime, row);
      const bool sameSparsity = number(col::kSparsity, row) == sparsity;
      if (isOwn(row)) {
        if (sameSparsity && !(cell.own <= ns)) {
          cell.own = ns;
          cell.ownRow = row;
        }
      } else if ((sameSparsity || isDenseBaseline(input_.data, at(row))) && !(cell.rival <= ns)) {
        cell.rival = ns;
        cell.rivalName = input_.data.at(col::kKernel).text(at(row));
      }
    }
    return cell;
  }

 private:
  double number(QLatin1String id, int row) const { return input_.data.at(id).number(at(row)); }
  bool isOwn(int row) const { return input_.data.at(col::kKernel).same(at(row), at(reference_)); }
  /// Same problem apart from sparsity and context, passed, timed in the same way.
  bool isComparable(int row) const {
    for (const auto id : {col::kBatch, col::kQueryHeads, col::kKvHeads, col::kHeadDim, col::kDtype,
                          col::kDevice, col::kTimeProvenance})
      if (!input_.data.at(id).same(at(row), at(reference_))) return false;
    return input_.data.at(col::kStatus).text(at(row)) == "passed" && number(col::kTime, row) > 0;
  }

  const ChartInput& input_;
  int reference_;
  std::set<double> kvLens_, sparsities_;
};

void fill(const Crossover& crossover, Chart& chart) {
  Grid grid;
  grid.numColumns = crossover.kvLens().size();
  grid.numRows = crossover.sparsities().size();
  grid.neutral = 1;
  grid.valueLabel = QObject::tr("speed-up over the fastest rival");
  for (const double sparsity : crossover.sparsities()) {
    chart.y.categories << formatQuantity(sparsity, Quantity::share);
    for (const double kvLen : crossover.kvLens()) {
      const Cell cell = crossover.cell(kvLen, sparsity);
      const double speedup = cell.rival / cell.own;
      grid.values.push_back(speedup);
      grid.rows.push_back(cell.ownRow);
      grid.texts.push_back(std::isnan(speedup)
                               ? QString()
                               : QStringLiteral("%1\n%2").arg(
                                     formatQuantity(speedup, Quantity::ratio), cell.rivalName));
    }
  }
  for (const double kvLen : crossover.kvLens())
    chart.x.categories << formatQuantity(kvLen, Quantity::tokens);
  chart.x.min = chart.y.min = -0.5;
  chart.x.max = static_cast<double>(grid.numColumns) - 0.5;
  chart.y.max = static_cast<double>(grid.numRows) - 0.5;
  chart.grid = std::move(grid);
}

}  // namespace

Chart buildCrossoverChart(const ChartInput& input) {
  Chart chart = startChart(
      input, QStringLiteral("crossover"), QObject::tr("Crossover map"),
      {.label = QObject::tr("context length, kv_len (tokens)"), .scale = Scale::category},
      {.label = QObject::tr("sparsity"), .scale = Scale::category});
  if (chart.isEmpty()) return chart;
  const int reference = referenceRow(input);
  const Crossover crossover(input, reference);
  if (crossover.isEmpty()) {
    chart.emptyReason = QObject::tr("No passed record has a time.");
    return chart;
  }
  const QString kernel = input.data.at(col::kKernel).text(at(reference));
  chart.title = QObject::tr("Crossover map of %1").arg(kernel);
  fill(crossover, chart);
  chart.notes << QObject::tr(
                     "Rivals: any dense kernel, and other kernels at the same sparsity; batch %1, "
                     "%2 times. Cells name the fastest rival.")
                     .arg(input.data.at(col::kBatch).text(at(reference)),
                          input.data.at(col::kTimeProvenance).text(at(reference)));
  bool anyRival = false;
  for (const double value : chart.grid->values) anyRival = anyRival || std::isfinite(value);
  if (!anyRival)
    chart.emptyReason =
        QObject::tr("%1 has no rival in this file: add the dense kernel to the sweep.").arg(kernel);
  return chart;
}

}  // namespace kvroof::gui
