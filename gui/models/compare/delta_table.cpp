// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/compare/delta_table.hpp"

#include <algorithm>
#include <array>

#include "gui/models/charts/csv.hpp"
#include "gui/models/charts/reference_row.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {

DeltaTable::DeltaTable(const Dataset& data, QObject* parent)
    : QAbstractTableModel(parent), data_(data) {}

void DeltaTable::show(std::vector<Delta> deltas) {
  beginResetModel();
  deltas_ = std::move(deltas);
  endResetModel();
}

QString DeltaTable::summary() const {
  std::array<int, 6> counts{};
  for (const Delta& delta : deltas_) ++counts[static_cast<std::size_t>(delta.verdict)];
  QStringList parts;
  for (const auto kind : {Verdict::failed, Verdict::slower, Verdict::faster, Verdict::same,
                          Verdict::unclear, Verdict::predicted})
    if (const int count = counts[static_cast<std::size_t>(kind)]; count > 0)
      parts << QStringLiteral("%1 %2").arg(count).arg(verdictText(kind));
  if (parts.isEmpty()) return tr("No configuration is in both.");
  return tr("%1 compared: %2.").arg(deltas_.size()).arg(parts.join(QStringLiteral(", ")));
}

int DeltaTable::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(deltas_.size());
}

int DeltaTable::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : numSections;
}

QVariant DeltaTable::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Delta& delta = deltas_[static_cast<std::size_t>(index.row())];
  if (static_cast<std::size_t>(delta.row) >= data_.size()) return {};
  if (role == Qt::TextAlignmentRole && index.column() != configuration && index.column() != verdict)
    return QVariant::fromValue(Qt::Alignment(Qt::AlignRight | Qt::AlignVCenter));
  if (role != Qt::DisplayRole && role != Qt::AccessibleTextRole) return {};
  switch (index.column()) {
    case configuration: return configurationText(data_, delta.row);
    case before: return formatQuantity(delta.baselineNs, Quantity::timeNs);
    case now: return formatQuantity(delta.timeNs, Quantity::timeNs);
    case change:
      return (delta.change() > 0 ? QStringLiteral("+") : QString()) +
             formatQuantity(delta.change(), Quantity::share);
    case verdict: return verdictText(delta.verdict);
    default: return {};
  }
}

QVariant DeltaTable::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole || orientation != Qt::Horizontal) return {};
  switch (section) {
    case configuration: return tr("configuration");
    case before: return tr("baseline");
    case now: return tr("time");
    case change: return tr("change");
    case verdict: return tr("verdict");
    default: return {};
  }
}

void DeltaTable::sort(int column, Qt::SortOrder order) {
  emit layoutAboutToBeChanged();
  const auto less = [&](const Delta& a, const Delta& b) {
    switch (column) {
      case before: return a.baselineNs < b.baselineNs;
      case now: return a.timeNs < b.timeNs;
      case verdict: return a.verdict < b.verdict;
      case configuration: return configurationText(data_, a.row) < configurationText(data_, b.row);
      default: return a.change() < b.change();
    }
  };
  std::stable_sort(deltas_.begin(), deltas_.end(), [&](const Delta& a, const Delta& b) {
    return order == Qt::AscendingOrder ? less(a, b) : less(b, a);
  });
  emit layoutChanged();
}

QString deltasAsCsv(const Dataset& data, const std::vector<Delta>& deltas) {
  QString csv =
      csvLine({"configuration", "file", "record", "baseline_ns", "time_ns", "change", "verdict"});
  for (const Delta& delta : deltas) {
    const auto row = static_cast<std::size_t>(delta.row);
    csv +=
        csvLine({configurationText(data, delta.row), data.at(col::kFile).text(row),
                 data.at(col::kRecord).text(row), csvNumber(delta.baselineNs),
                 csvNumber(delta.timeNs), csvNumber(delta.change()), verdictText(delta.verdict)});
  }
  return csv;
}

}  // namespace kvroof::gui
