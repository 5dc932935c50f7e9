// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QLabel>
#include <QStringList>

namespace kvroof::gui {

/// Sentences about what went wrong, above the views and in nobody's way.
class NoticeBar : public QFrame {
  Q_OBJECT
 public:
  explicit NoticeBar(QWidget* parent = nullptr);

  void add(const QString& sentence);
  QString text() const { return label_->text(); }

 public slots:
  void dismiss();

 private:
  QLabel* label_;
  QStringList sentences_;
};

}  // namespace kvroof::gui
