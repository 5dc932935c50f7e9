// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QHash>
#include <QLabel>
#include <QStringList>

namespace kvroof::gui {

/// Sentences about what went wrong, above the views and in nobody's way.
class NoticeBar : public QFrame {
  Q_OBJECT
 public:
  explicit NoticeBar(QWidget* parent = nullptr);

  void add(const QString& sentence);
  /// Replaces what was said of a file. What a reader dismissed is not said again.
  void setOf(const QString& file, const QStringList& sentences);
  QString text() const { return label_->text(); }

 public slots:
  void dismiss();

 private:
  void showSentences();

  QLabel* label_;
  QStringList sentences_;
  QHash<QString, QStringList> saidOf_;  // by file, dismissed ones too
};

}  // namespace kvroof::gui
