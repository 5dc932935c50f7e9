// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <set>

namespace kvroof::gui {

/// The record that is explained and the records that are marked, shared by all views. Row numbers
/// are those of the dataset.
class Selection : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;

  int current() const { return current_; }  // -1: none
  const std::set<int>& selected() const { return selected_; }

  void setCurrent(int row) { set(row, row < 0 ? std::set<int>{} : std::set<int>{row}); }
  void setSelected(std::set<int> rows) {
    const int first = rows.empty() ? -1 : *rows.begin();
    const int current = rows.contains(current_) ? current_ : first;
    set(current, std::move(rows));
  }
  void set(int current, std::set<int> rows) {
    if (current == current_ && rows == selected_) return;
    current_ = current;
    selected_ = std::move(rows);
    emit changed();
  }

 signals:
  void changed();

 private:
  int current_ = -1;
  std::set<int> selected_;
};

}  // namespace kvroof::gui
