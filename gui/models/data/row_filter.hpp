// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMap>
#include <QObject>
#include <QRegularExpression>
#include <QSet>
#include <vector>

namespace kvroof::gui {

class Dataset;

/// Which rows all views show: those whose texts match and whose axes have accepted values.
class RowFilter : public QObject {
  Q_OBJECT
 public:
  explicit RowFilter(const Dataset& data, QObject* parent = nullptr);

  enum class Syntax { words, regex };
  /// Words must all occur, in any text field, without regard to case. A regular expression must
  /// match one text field. Returns "" or why the expression is not valid; it is then not applied.
  QString setText(const QString& text, Syntax syntax);
  /// Accepts only these values of a column, as its text() writes them; an empty set accepts all.
  void setAccepted(const QString& columnId, const QSet<QString>& values);
  void clear();

  const QMap<QString, QSet<QString>>& accepted() const { return accepted_; }
  bool isActive() const { return !pattern_.isEmpty() || !accepted_.isEmpty(); }
  /// Ascending row numbers.
  const std::vector<int>& rows() const { return rows_; }

 public slots:
  void apply();

 signals:
  void changed();

 private:
  std::vector<char> matchesText() const;

  const Dataset& data_;
  QString pattern_;
  Syntax syntax_ = Syntax::words;
  QMap<QString, QSet<QString>> accepted_;
  std::vector<int> rows_;
};

}  // namespace kvroof::gui
