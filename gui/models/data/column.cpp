// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/column.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace kvroof::gui {
namespace {
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
}

int Column::codeFor(std::string_view value) {
  if (value.empty()) return -1;
  if (const auto known = codeOf(value)) return *known;
  const QString text = QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
  bool isNumeric = false;
  const double number = text.toDouble(&isNumeric);
  const int code = static_cast<int>(texts_.size());
  texts_.push_back(text);
  textNumbers_.push_back(isNumeric ? number : kUnknown);
  codeOf_.emplace(value, code);
  return code;
}

std::optional<int> Column::codeOf(std::string_view value) const {
  const auto found = codeOf_.find(value);
  return found == codeOf_.end() ? std::nullopt : std::optional(found->second);
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
  if (!isNumber()) return lessText(codes_[a], codes_[b]);
  const double x = numbers_[a], y = numbers_[b];
  return std::isnan(y) ? !std::isnan(x) : x < y;
}

bool Column::lessText(int a, int b) const {
  if (a < 0 || b < 0) return a >= 0 && b < 0;
  const double x = textNumbers_[static_cast<std::size_t>(a)];
  const double y = textNumbers_[static_cast<std::size_t>(b)];
  if (!std::isnan(x) && !std::isnan(y)) return x < y;
  if (!std::isnan(x) || !std::isnan(y)) return !std::isnan(x);
  return QString::localeAwareCompare(texts_[static_cast<std::size_t>(a)],
                                     texts_[static_cast<std::size_t>(b)]) < 0;
}

std::vector<double> Column::sortKeys(std::span<const int> rows) const {
  constexpr double kLast = std::numeric_limits<double>::infinity();
  std::vector<double> rankOf(texts_.size());  // by code
  std::vector<int> codes(texts_.size());
  std::iota(codes.begin(), codes.end(), 0);
  std::stable_sort(codes.begin(), codes.end(), [this](int a, int b) { return lessText(a, b); });
  for (std::size_t rank = 0; rank < codes.size(); ++rank)
    rankOf[static_cast<std::size_t>(codes[rank])] = static_cast<double>(rank);
  std::vector<double> keys;
  keys.reserve(rows.size());
  for (const int row : rows) {
    const auto r = static_cast<std::size_t>(row);
    if (isNumber()) {
      keys.push_back(std::isnan(numbers_[r]) ? kLast : numbers_[r]);
    } else {
      keys.push_back(codes_[r] < 0 ? kLast : rankOf[static_cast<std::size_t>(codes_[r])]);
    }
  }
  return keys;
}

}  // namespace kvroof::gui
