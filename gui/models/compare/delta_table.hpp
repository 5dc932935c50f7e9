// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>

#include "gui/models/compare/match.hpp"

namespace kvroof::gui {

/// The differences between records and their baseline, worst regression first unless sorted.
class DeltaTable : public QAbstractTableModel {
  Q_OBJECT
 public:
  explicit DeltaTable(const Dataset& data, QObject* parent = nullptr);

  void show(std::vector<Delta> deltas);
  const std::vector<Delta>& deltas() const { return deltas_; }
  /// "412 compared: 3 slower, 20 faster, 380 same, 9 unclear."
  QString summary() const;

  enum Section { configuration, before, now, change, verdict, numSections };
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  void sort(int column, Qt::SortOrder order) override;

 private:
  const Dataset& data_;
  std::vector<Delta> deltas_;
};

/// The same as RFC 4180 text, times in ns.
QString deltasAsCsv(const Dataset& data, const std::vector<Delta>& deltas);

}  // namespace kvroof::gui
