// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/row_filter.hpp"

#include <QStringList>

#include "gui/models/data/dataset.hpp"

namespace kvroof::gui {
namespace {

/// Marks rows for which a text of any column satisfies `matches`; each different text is tried
/// once.
template <class Matches>
void markRows(const Dataset& data, std::vector<char>& marked, Matches matches) {
  for (const Column& column : data.columns()) {
    if (column.isNumber()) continue;
    std::vector<char> hit;
    for (const QString& text : column.texts()) hit.push_back(matches(text));
    for (std::size_t row = 0; row < data.size(); ++row)
      if (const int code = column.code(row); code >= 0 && hit[static_cast<std::size_t>(code)])
        marked[row] = 1;
  }
}

}  // namespace

RowFilter::RowFilter(const Dataset& data, QObject* parent) : QObject(parent), data_(data) {
  connect(&data, &Dataset::changed, this, &RowFilter::apply);
}

QString RowFilter::setText(const QString& text, Syntax syntax) {
  if (syntax == Syntax::regex) {
    const QRegularExpression expression(text);
    if (!expression.isValid())
      return tr("Not a regular expression: %1 (at character %2).")
          .arg(expression.errorString())
          .arg(expression.patternErrorOffset() + 1);
  }
  pattern_ = text.trimmed();
  syntax_ = syntax;
  apply();
  return {};
}

void RowFilter::setAccepted(const QString& columnId, const QSet<QString>& values) {
  if (values.isEmpty()) {
    accepted_.remove(columnId);
  } else {
    accepted_[columnId] = values;
  }
  apply();
}

void RowFilter::clear() {
  pattern_.clear();
  accepted_.clear();
  apply();
}

std::vector<char> RowFilter::matchesText() const {
  std::vector<char> all(data_.size(), 1);
  if (pattern_.isEmpty()) return all;
  if (syntax_ == Syntax::regex) {
    std::vector<char> marked(data_.size(), 0);
    const QRegularExpression expression(pattern_, QRegularExpression::CaseInsensitiveOption);
    markRows(data_, marked, [&](const QString& text) { return expression.match(text).hasMatch(); });
    return marked;
  }
  for (const QString& word : pattern_.split(' ', Qt::SkipEmptyParts)) {
    std::vector<char> marked(data_.size(), 0);
    markRows(data_, marked,
             [&](const QString& text) { return text.contains(word, Qt::CaseInsensitive); });
    for (std::size_t row = 0; row < all.size(); ++row) all[row] &= marked[row];
  }
  return all;
}

void RowFilter::apply() {
  std::vector<char> keep = matchesText();
  for (auto axis = accepted_.cbegin(); axis != accepted_.cend(); ++axis) {
    const Column* column = data_.find(axis.key());
    if (!column) continue;
    for (std::size_t row = 0; row < keep.size(); ++row)
      if (keep[row] && !axis.value().contains(column->text(row))) keep[row] = 0;
  }
  rows_.clear();
  for (std::size_t row = 0; row < keep.size(); ++row)
    if (keep[row]) rows_.push_back(static_cast<int>(row));
  emit changed();
}

}  // namespace kvroof::gui
