// SPDX-License-Identifier: GPL-3.0-or-later
#include <QObject>
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/reference_row.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

/// The fastest of some runs.
struct Fastest {
  double ns = kNotKnown;
  int row = -1;
  void offer(double candidateNs, int candidate) {
    if (!(ns <= candidateNs)) ns = candidateNs, row = candidate;
  }
  void offer(const Fastest& other) {
    if (other.row >= 0) offer(other.ns, other.row);
  }
};

/// The fastest passed runs of one kernel and of all others, per context and sparsity.
class Crossover {
 public:
  Crossover(const ChartInput& input, int reference)
      : input_(input), facts_(input.data), reference_(reference) {
    const Column &kvLen = column(col::kKvLen), &sparsity = column(col::kSparsity),
                 &kernel = column(col::kKernel);
    for (const QLatin1String id : {col::kBatch, col::kQueryHeads, col::kKvHeads, col::kHeadDim,
                                   col::kDtype, col::kDevice, col::kTimeProvenance})
      same_.push_back(&column(id));
    for (const int row : input.rows) {
      if (!isComparable(row)) continue;
      const double context = kvLen.number(at(row)), ns = facts_.timeNs(row);
      kvLens_.insert(context);
      if (kernel.same(at(row), at(reference_))) {
        sparsities_.insert(sparsity.number(at(row)));
        own_[{context, sparsity.number(at(row))}].offer(ns, row);
      } else if (facts_.isDenseBaseline(row)) {
        dense_[context].offer(ns, row);
      } else {
        sparse_[{context, sparsity.number(at(row))}].offer(ns, row);
      }
    }
  }

  bool isEmpty() const { return sparsities_.empty(); }
  const std::set<double>& kvLens() const { return kvLens_; }
  const std::set<double>& sparsities() const { return sparsities_; }

  Fastest own(double kvLen, double sparsity) const { return find(own_, {kvLen, sparsity}); }
  /// A dense run is a rival at any sparsity.
  Fastest rival(double kvLen, double sparsity) const {
    Fastest fastest = find(sparse_, {kvLen, sparsity});
    fastest.offer(find(dense_, kvLen));
    return fastest;
  }

 private:
  using Place = std::pair<double, double>;  // kv_len, sparsity

  template <class Key>
  static Fastest find(const std::map<Key, Fastest>& runs, const Key& key) {
    const auto found = runs.find(key);
    return found == runs.end() ? Fastest{} : found->second;
  }
  const Column& column(QLatin1String id) const { return input_.data.at(id); }
  /// Same problem apart from sparsity and context, passed, timed in the same way. Kernels that
  /// compute no attention are no rivals of one that does.
  bool isComparable(int row) const {
    for (const Column* fixed : same_)
      if (!fixed->same(at(row), at(reference_))) return false;
    return facts_.computesAttention(row) == facts_.computesAttention(reference_) &&
           facts_.passed(row) && facts_.isTimed(row);
  }

  const ChartInput& input_;
  RowFacts facts_;
  int reference_;
  std::vector<const Column*> same_;
  std::set<double> kvLens_, sparsities_;
  std::map<Place, Fastest> own_, sparse_;
  std::map<double, Fastest> dense_;
};

void fill(const Dataset& data, const Crossover& crossover, Chart& chart) {
  Grid grid;
  grid.numColumns = crossover.kvLens().size();
  grid.numRows = crossover.sparsities().size();
  grid.neutral = 1;
  grid.valueLabel = QObject::tr("speed-up over the fastest rival");
  for (const double sparsity : crossover.sparsities()) {
    chart.y.categories << formatQuantity(sparsity, Quantity::share);
    for (const double kvLen : crossover.kvLens()) {
      const Fastest own = crossover.own(kvLen, sparsity), rival = crossover.rival(kvLen, sparsity);
      const double speedup = rival.ns / own.ns;
      grid.values.push_back(speedup);
      grid.rows.push_back(own.row);
      grid.texts.push_back(std::isnan(speedup) ? QString()
                                               : QStringLiteral("%1\n%2").arg(
                                                     formatQuantity(speedup, Quantity::ratio),
                                                     data.at(col::kKernel).text(at(rival.row))));
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
  fill(input.data, crossover, chart);
  chart.notes << QObject::tr(
                     "Rivals: any dense kernel, and other kernels at the same sparsity; batch %1, "
                     "%2 times. Cells name the fastest rival.")
                     .arg(input.data.at(col::kBatch).text(at(reference)),
                          input.data.at(col::kTimeProvenance).text(at(reference)));
  const auto numCompared =
      static_cast<std::size_t>(std::count_if(chart.grid->values.begin(), chart.grid->values.end(),
                                             [](double value) { return std::isfinite(value); }));
  if (numCompared < chart.grid->values.size())
    chart.notes << QObject::tr("Grey cells: the file lacks a run of one side.");
  if (numCompared == 0)
    chart.emptyReason =
        QObject::tr("%1 has no rival in this file: add the dense kernel to the sweep.").arg(kernel);
  return chart;
}

}  // namespace kvroof::gui
