// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTableView>

#include "gui/models/data/record_table.hpp"

namespace kvroof::gui {

class Session;

/// All records as a table that follows and sets the selection.
class TableView : public QTableView {
  Q_OBJECT
 public:
  explicit TableView(Session& session, QWidget* parent = nullptr);

  RecordTable& records() { return model_; }
  /// Selected cells' rows, or all rows when none are selected, tab separated with a header.
  QString asTsv() const;
  /// The menu of columns to show.
  void openColumnChooser(QPoint where);

 public slots:
  void copy();
  /// Sorts by the column of the current cell, the other way round when it is sorted by it.
  void sortByCurrentColumn();

 protected:
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void followSelection();
  void setSelectionFromTable();
  void showDefaultColumns();
  std::vector<int> shownSections() const;

  Session& session_;
  RecordTable model_;
  bool isFollowing_ = false;
  int numColumnsSeen_ = 0;
};

}  // namespace kvroof::gui
