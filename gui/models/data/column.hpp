// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gui/models/text/number_text.hpp"

namespace kvroof::gui {

enum class ColumnKind { number, text };

/// What a column is for: an axis is something that was set before a run (a sweep can vary it), a
/// result came out of it, an identity tells where a record is from.
enum class ColumnRole { identity, axis, result };

struct ColumnInfo {
  QString id;     // "kv_len", "axis:expander", "fidelity:output_cosine"
  QString title;  // for people
  ColumnKind kind = ColumnKind::number;
  ColumnRole role = ColumnRole::result;
  Quantity quantity = Quantity::plain;
};

/// One field of all records. 100,000 records take 0.8 MB as numbers, 0.4 MB as texts: a text is
/// stored once and records hold its index.
class Column {
 public:
  explicit Column(ColumnInfo info) : info_(std::move(info)) {}

  const ColumnInfo& info() const { return info_; }
  std::size_t size() const { return isNumber() ? numbers_.size() : codes_.size(); }
  bool isNumber() const { return info_.kind == ColumnKind::number; }

  void append(double value) { numbers_.push_back(value); }
  void append(std::string_view value) { codes_.push_back(codeFor(value)); }
  /// Pads with "not known" up to `size` rows.
  void padTo(std::size_t size);
  void set(std::size_t row, double value) { numbers_[row] = value; }
  void set(std::size_t row, std::string_view value) { codes_[row] = codeFor(value); }
  /// Drops the rows for which `keep` is 0.
  void keepOnly(const std::vector<char>& keep);

  /// NaN when not known. A text that reads as a number has that number: axes are stored as text.
  double number(std::size_t row) const;
  /// As shown in tables: "" when not known.
  QString text(std::size_t row) const;
  /// A key that is equal for two rows with equal values; -1 when not known. Only for text columns.
  int code(std::size_t row) const { return codes_[row]; }
  const std::vector<QString>& texts() const { return texts_; }  // by code
  /// The code of a text; nullopt when no row ever held it.
  std::optional<int> codeOf(std::string_view value) const;

  /// Whether two rows hold the same value; two unknown values are the same.
  bool same(std::size_t a, std::size_t b) const;
  /// Order for people: numbers by value, texts that are numbers too, other texts by alphabet,
  /// unknown last.
  bool less(std::size_t a, std::size_t b) const;
  /// Numbers that are ordered as less() orders these rows, for sorting many.
  std::vector<double> sortKeys(std::span<const int> rows) const;

 private:
  /// Texts are found without making a string of the view.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  int codeFor(std::string_view value);
  bool lessText(int a, int b) const;  // codes

  ColumnInfo info_;
  std::vector<double> numbers_;
  std::vector<int> codes_;
  std::vector<QString> texts_;
  std::vector<double> textNumbers_;  // NaN when the text is no number
  std::unordered_map<std::string, int, TextHash, std::equal_to<>> codeOf_;
};

}  // namespace kvroof::gui
