// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/column.hpp"

#include <cmath>
#include <limits>

namespace kvroof::gui {
namespace {
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
}

int Column::codeFor(const std::string& value) {
  if (value.empty()) return -1;
  const auto [entry, isNew] = codeOf_.try_emplace(value, static_cast<int>(texts_.size()));
  if (isNew) {
    const QString text = QString::fromStdString(value);
    bool isNumeric = false;
    const double number = text.toDouble(&isNumeric);
    texts_.push_back(text);
    textNumbers_.push_back(isNumeric ? number : kUnknown);
  }
  return entry->second;
}

void Column::padTo(std::size_t size) {
  if (isNumber()) {
    numbers_.resize(std::max(size, numbers_.size()), kUnknown);
  } else {
    codes_.resize(std::max(size, codes_.size()), -1);
  }
}

void Column::keepOnly(const std::vector<char>& keep) {
  std::size_t next = 0;
  for (std::size_t row = 0; row < keep.size(); ++row) {
    if (!keep[row]) continue;
    if (isNumber()) {
      numbers_[next++] = numbers_[row];
    } else {
      codes_[next++] = codes_[row];
    }
  }
  isNumber() ? numbers_.resize(next) : codes_.resize(next);
}

double Column::number(std::size_t row) const {
  if (isNumber()) return numbers_[row];
  return codes_[row] < 0 ? kUnknown : textNumbers_[static_cast<std::size_t>(codes_[row])];
}

QString Column::text(std::size_t row) const {
  if (!isNumber())
    return codes_[row] < 0 ? QString() : texts_[static_cast<std::size_t>(codes_[row])];
  return std::isnan(numbers_[row]) ? QString() : formatQuantity(numbers_[row], info_.quantity);
}

bool Column::same(std::size_t a, std::size_t b) const {
  if (!isNumber()) return codes_[a] == codes_[b];
  return numbers_[a] == numbers_[b] || (std::isnan(numbers_[a]) && std::isnan(numbers_[b]));
}

bool Column::less(std::size_t a, std::size_t b) const {
  const double x = number(a), y = number(b);
  if (!std::isnan(x) && !std::isnan(y)) return x < y;
  if (isNumber() || !std::isnan(x) || !std::isnan(y)) return !std::isnan(x);
  if (codes_[a] < 0 || codes_[b] < 0) return codes_[a] >= 0 && codes_[b] < 0;
  return QString::localeAwareCompare(text(a), text(b)) < 0;
}

}  // namespace kvroof::gui
