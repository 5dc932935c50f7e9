// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/record_table.hpp"

#include <QSet>
#include <QStringList>
#include <algorithm>

#include "gui/models/data/column_ids.hpp"
#include "gui/models/data/dataset.hpp"
#include "gui/models/data/row_filter.hpp"

namespace kvroof::gui {

RecordTable::RecordTable(const Dataset& data, const RowFilter& filter, QObject* parent)
    : QAbstractTableModel(parent), data_(data), filter_(filter) {
  connect(&filter, &RowFilter::changed, this, &RecordTable::rebuild);
  rebuild();
}

int RecordTable::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(order_.size());
}

int RecordTable::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : numColumns_;
}

const Column& RecordTable::columnAt(int section) const {
  return data_.columns()[static_cast<std::size_t>(section)];
}

QVariant RecordTable::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const auto row = static_cast<std::size_t>(datasetRow(index.row()));
  if (row >= data_.size()) return {};  // a file was dropped and the rebuild is still to come
  const Column& column = columnAt(index.column());
  if (role == Qt::DisplayRole || role == Qt::AccessibleTextRole) return column.text(row);
  if (role == Qt::ToolTipRole && !column.isNumber()) return column.text(row);
  if (role == Qt::TextAlignmentRole)
    return QVariant::fromValue(
        Qt::Alignment((column.isNumber() ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
  return {};
}

QVariant RecordTable::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole) return {};
  if (orientation == Qt::Vertical) return section + 1;
  return section < numColumns_ ? columnAt(section).info().title : QVariant();
}

void RecordTable::sort(int column, Qt::SortOrder order) {
  sortColumn_ = column;
  sortOrder_ = order;
  emit layoutAboutToBeChanged();
  orderRows();
  emit layoutChanged();
}

void RecordTable::orderRows() {
  order_ = filter_.rows();
  if (sortColumn_ >= 0 && sortColumn_ < numColumns_) {
    const Column& column = columnAt(sortColumn_);
    const bool ascending = sortOrder_ == Qt::AscendingOrder;
    std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) {
      const auto x = static_cast<std::size_t>(a), y = static_cast<std::size_t>(b);
      return ascending ? column.less(x, y) : column.less(y, x);
    });
  }
  tableRowOf_.assign(data_.size(), -1);
  for (std::size_t i = 0; i < order_.size(); ++i)
    tableRowOf_[static_cast<std::size_t>(order_[i])] = static_cast<int>(i);
}

void RecordTable::rebuild() {
  beginResetModel();
  numColumns_ = static_cast<int>(data_.columns().size());
  orderRows();
  endResetModel();
}

int RecordTable::tableRow(int datasetRow) const {
  const auto row = static_cast<std::size_t>(datasetRow);
  return datasetRow >= 0 && row < tableRowOf_.size() ? tableRowOf_[row] : -1;
}

bool RecordTable::isShownByDefault(int section) const {
  static const QSet<QString> kShown{
      col::kKernel,      col::kVariant,  col::kStatus,      col::kBatch,          col::kKvLen,
      col::kSparsity,    col::kTime,     col::kRoofShare,   col::kTimeProvenance, col::kSpeedup,
      col::kNearestRoof, col::kDramRate, col::kCompression, col::kToleranceShare};
  const ColumnInfo& info = columnAt(section).info();
  return kShown.contains(info.id) || info.id.startsWith(col::kAxisPrefix) ||
         (info.id == col::kFile && data_.files().size() > 1);
}

QString RecordTable::asTsv(const std::vector<int>& tableRows,
                           const std::vector<int>& sections) const {
  QStringList lines;
  QStringList cells;
  for (const int section : sections)
    cells << headerData(section, Qt::Horizontal, Qt::DisplayRole).toString();
  lines << cells.join('\t');
  for (const int row : tableRows) {
    cells.clear();
    for (const int section : sections) {
      QString cell = index(row, section).data(Qt::DisplayRole).toString();
      for (QChar& c : cell)
        if (c.category() == QChar::Other_Control) c = ' ';
      cells << cell;
    }
    lines << cells.join('\t');
  }
  return lines.join('\n') + '\n';
}

}  // namespace kvroof::gui
