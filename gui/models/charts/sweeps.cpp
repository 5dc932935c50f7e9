// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/charts/sweeps.hpp"

#include <QObject>
#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

/// Axes that move together with the swept one, and so do not split a sweep.
bool movesWith(const QString& axis, const QString& swept) {
  static const std::set<QString> kSparsities{col::kSparsity, "key_sparsity", "value_sparsity"};
  return axis == swept || (kSparsities.contains(axis) && kSparsities.contains(swept));
}

/// The columns in which all rows of a sweep are the same.
std::vector<const Column*> fixedColumns(const ChartInput& input, const QString& axisId) {
  std::vector<const Column*> fixed;
  for (const auto id : {col::kTimeProvenance, col::kFile})
    if (input.data.isVaried(input.data.at(id), input.rows)) fixed.push_back(&input.data.at(id));
  for (const QString& id : input.data.variedAxes(input.rows))
    if (!movesWith(id, axisId) && id != col::kFile) fixed.push_back(&input.data.at(id));
  return fixed;
}

/// Rows sorted by the axis; of equal ones the earlier first.
std::vector<int> sortedAlong(const Column& axis, std::span<const int> rows) {
  const std::vector<double> keys = axis.sortKeys(rows);
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  std::vector<int> sorted;
  sorted.reserve(rows.size());
  for (const std::size_t i : order) sorted.push_back(rows[i]);
  return sorted;
}

/// A number per row that is equal where all of some columns are, but for one chance in 2^64.
std::vector<std::uint64_t> hashes(const std::vector<const Column*>& columns,
                                  std::span<const int> rows) {
  std::vector<std::uint64_t> hashes(rows.size(), 0);
  for (const Column* column : columns)
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double value = column->isNumber() ? column->number(at(rows[i]))
                                              : static_cast<double>(column->code(at(rows[i])));
      const auto bits = std::bit_cast<std::uint64_t>(std::isnan(value) ? -1 : value);
      // The finaliser of MurmurHash3 over what came before.
      std::uint64_t mixed = (hashes[i] * 0x9e3779b97f4a7c15) ^ bits;
      mixed = (mixed ^ (mixed >> 33)) * 0xff51afd7ed558ccd;
      mixed = (mixed ^ (mixed >> 33)) * 0xc4ceb9fe1a85ec53;
      hashes[i] = mixed ^ (mixed >> 33);
    }
  return hashes;
}

/// Whether a column differs between rows of one kernel. A window, say, may go with the kernel.
bool variesWithinKernels(const ChartInput& input, const Column& column) {
  const Column& kernel = input.data.at(col::kKernel);
  std::map<int, int> firstOf;  // row by kernel
  return std::any_of(input.rows.begin(), input.rows.end(), [&](int row) {
    const int first = firstOf.try_emplace(kernel.code(at(row)), row).first->second;
    return !column.same(at(first), at(row));
  });
}

/// Says of a row what distinguishes its curve from those of the same colour and shape.
class CurveNames {
 public:
  CurveNames(const ChartInput& input, const QString& axisId, const Encoding& encoding) {
    for (const Column* column : fixedColumns(input, axisId)) {
      const QString& id = column->info().id;
      const bool isSaid = id == encoding.shapeId() || movesWith(id, encoding.colourId());
      // Rules and formats are words: a name as long as the curve helps nobody.
      if (column->isNumber() && !isSaid && variesWithinKernels(input, *column))
        columns_.push_back(column);
    }
  }
  QString of(int row) const {
    QStringList parts;
    for (const Column* column : columns_)
      parts << QStringLiteral("%1 %2").arg(column->info().title, column->text(at(row)));
    return parts.join(QStringLiteral(", "));
  }

 private:
  std::vector<const Column*> columns_;
};

}  // namespace

QString defaultSweepAxis(const ChartInput& input) {
  for (const auto id : {col::kSparsity, col::kKvLen, col::kBatch})
    if (input.data.isVaried(input.data.at(id), input.rows)) return id;
  const QStringList varied = input.data.variedAxes(input.rows);
  for (const QString& id : varied)
    if (id != col::kKernel && id != col::kVariant && id != col::kDevice && id != col::kFile)
      return id;
  return col::kSparsity;
}

std::vector<Sweep> findSweeps(const ChartInput& input, const QString& axisId,
                              std::span<const int> rows) {
  const Column* axis = input.data.find(axisId);
  if (!axis) return {};
  const std::vector<int> sorted = sortedAlong(*axis, rows);
  const std::vector<std::uint64_t> keys = hashes(fixedColumns(input, axisId), sorted);
  std::unordered_map<std::uint64_t, std::size_t> sweepOfKey;
  std::vector<Sweep> sweeps;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto [entry, isNew] = sweepOfKey.try_emplace(keys[i], sweeps.size());
    if (isNew) sweeps.emplace_back();
    sweeps[entry->second].push_back(sorted[i]);
  }
  std::erase_if(sweeps, [](const Sweep& sweep) { return sweep.size() < 2; });
  return sweeps;
}

Sweep sweepOf(const ChartInput& input, const QString& axisId, int row) {
  const Column* axis = input.data.find(axisId);
  if (!axis) return {};
  const auto fixed = fixedColumns(input, axisId);
  std::vector<int> rows;
  for (const int other : input.rows)
    if (std::all_of(fixed.begin(), fixed.end(),
                    [&](const Column* column) { return column->same(at(row), at(other)); }))
      rows.push_back(other);
  return sortedAlong(*axis, rows);
}

void addSweepLines(const ChartInput& input, const QString& axisId, const Encoding& encoding,
                   Chart& chart) {
  constexpr std::size_t kMostNames = 16;
  std::vector<int> rows, markOfRow(input.data.size(), -1);
  for (std::size_t i = 0; i < chart.marks.size(); ++i) {
    const Mark& mark = chart.marks[i];
    if (mark.ghost || mark.row < 0 || markOfRow[at(mark.row)] >= 0) continue;
    markOfRow[at(mark.row)] = static_cast<int>(i);
    rows.push_back(mark.row);
  }
  const auto markOf = [&](int row) { return chart.marks[at(markOfRow[at(row)])]; };
  const auto sweeps = findSweeps(input, axisId, rows);
  const bool isTooMany = sweeps.size() > kMaxSweepLines;
  const bool isColouredByAxis = encoding.colourId() == axisId;
  const CurveNames names(input, axisId, encoding);
  const Column& axis = input.data.at(axisId);
  for (const Sweep& sweep : sweeps) {
    if (isTooMany && std::find(sweep.begin(), sweep.end(), input.currentRow) == sweep.end())
      continue;
    Line line{.label = sweeps.size() <= kMostNames ? names.of(sweep.front()) : QString(),
              .role = LineRole::sweep,
              .dashed = markOf(sweep.front()).provenance == traces::Provenance::modelled,
              .hue = isColouredByAxis ? Hue{} : encoding.hue(sweep.front())};
    int last = -1;
    for (const int row : sweep) {
      // Repeated runs of one configuration are no step along the axis.
      if (last >= 0 && axis.same(at(last), at(row))) continue;
      last = row;
      line.points.emplace_back(markOf(row).x, markOf(row).y);
    }
    if (line.points.size() > 1) chart.lines.push_back(std::move(line));
  }
  const QString title = axis.info().title;
  if (isTooMany) {
    chart.notes << QObject::tr("%1 curves along %2: only that of the selected record is drawn.")
                       .arg(sweeps.size())
                       .arg(title);
  } else if (!sweeps.empty()) {
    chart.legend.push_back(
        {QObject::tr("linked along %1").arg(title), LegendSymbol::line, Hue{}, 0, {}});
  }
}

}  // namespace kvroof::gui
