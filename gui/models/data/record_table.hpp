// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <vector>

namespace kvroof::gui {

class Column;
class Dataset;
class RowFilter;

/// The filtered records as a sortable table; one table column per dataset column.
class RecordTable : public QAbstractTableModel {
  Q_OBJECT
 public:
  RecordTable(const Dataset& data, const RowFilter& filter, QObject* parent = nullptr);

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  void sort(int column, Qt::SortOrder order) override;

  /// Dataset row shown in a table row, and back; -1 when it is filtered out.
  int datasetRow(int tableRow) const { return order_[static_cast<std::size_t>(tableRow)]; }
  int tableRow(int datasetRow) const;
  /// Whether a column is shown unless somebody chose otherwise.
  bool isShownByDefault(int section) const;
  /// Tab separated, with a header line; control characters in cells become spaces.
  QString asTsv(const std::vector<int>& tableRows, const std::vector<int>& sections) const;

 private:
  void rebuild();
  void orderRows();
  const Column& columnAt(int section) const;

  const Dataset& data_;
  const RowFilter& filter_;
  std::vector<int> order_;       // dataset rows in table order
  std::vector<int> tableRowOf_;  // by dataset row
  int sortColumn_ = -1;
  Qt::SortOrder sortOrder_ = Qt::AscendingOrder;
  int numColumns_ = 0;
};

}  // namespace kvroof::gui
