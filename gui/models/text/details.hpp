// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractItemModel>
#include <vector>

#include "traces/index.hpp"

namespace kvroof::gui {

struct DetailItem {
  QString name;
  QString value;
  QString origin;  // measured, simulated, modelled, or why there is no value
};

struct DetailGroup {
  QString title;
  std::vector<DetailItem> items;
};

/// Everything a record, its environment and its roofs say, for people.
std::vector<DetailGroup> detailGroups(const traces::Details& details);

/// The groups as a tree with columns name, value, origin.
class DetailsModel : public QAbstractItemModel {
  Q_OBJECT
 public:
  using QAbstractItemModel::QAbstractItemModel;
  void show(std::vector<DetailGroup> groups);

  QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  QModelIndex parent(const QModelIndex& index) const override;
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation,
                      int role = Qt::DisplayRole) const override;

 private:
  std::vector<DetailGroup> groups_;
};

}  // namespace kvroof::gui
