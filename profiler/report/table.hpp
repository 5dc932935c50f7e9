// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace kvroof::report {

/// No value; `text` says why to people, "" prints as "-".
struct Missing {
  std::string text;
  bool operator==(const Missing&) const = default;
};

using Value = std::variant<Missing, std::string, std::int64_t, double>;

struct Column {
  std::string key;    // in CSV and JSON, with the unit in the name: "compressed_bytes"
  std::string title;  // for people: "KV MiB"
  double scale = 1;   // people see value / scale
};

/// Columns of values. Printers for people and for programs show the same rows.
struct Table {
  std::string caption{};
  std::vector<Column> columns{};
  std::vector<std::vector<Value>> rows{};  // as long as columns
  std::vector<std::string> notes{};        // sentences below the table
};

/// Moves columns that hold one value in all of two or more rows into the notes, so that what varies
/// fits the page. Columns without any value go.
void fold_constant_columns(Table& table);

std::string to_text(const Table& table);      // aligned, for a terminal
std::string to_markdown(const Table& table);  // a pipe table with caption and notes
std::string to_csv(const Table& table);       // RFC 4180, keys as header, values unscaled
/// {"schema_version": 1, `list`: [{key: value}]}; what is missing or not finite is null.
std::string to_json(const Table& table, const std::string& list);

}  // namespace kvroof::report
