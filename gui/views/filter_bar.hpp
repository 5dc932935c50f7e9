// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QTimer>
#include <QToolBar>

namespace kvroof::gui {

class Session;

/// Where a reader says which records to show: words or an expression, and values of axes.
class FilterBar : public QToolBar {
  Q_OBJECT
 public:
  explicit FilterBar(Session& session, QWidget* parent = nullptr);

  QLineEdit& field() { return *field_; }
  /// How many records are shown, or what is wrong with the filter.
  QString message() const { return count_->text(); }

 protected:
  bool eventFilter(QObject* object, QEvent* event) override;

 private:
  void applyText();
  void fillAxisMenu();
  void addAxis(const QString& id);
  void showCount();

  Session& session_;
  QLineEdit* field_;
  QCheckBox* regex_;
  QMenu* axes_;
  QLabel* count_;
  QTimer delay_;
};

}  // namespace kvroof::gui
