// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace kvroof::report {
namespace {

std::string shown(double value, double scale) {
  const double scaled = value / scale;
  const double size = std::abs(scaled);
  if (size >= 1000 && size < 1e15) return fmt::format("{:.0f}", scaled);
  return fmt::format("{:.4g}", scaled);
}

/// What people see.
std::string shown(const Value& value, const Column& column) {
  if (const auto* missing = std::get_if<Missing>(&value))
    return missing->text.empty() ? "-" : missing->text;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (column.scale == 1) return fmt::format("{}", *number);
    return shown(static_cast<double>(*number), column.scale);
  }
  return shown(std::get<double>(value), column.scale);
}

bool is_number(const Value& value) {
  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
}

bool is_missing(const Value& value) { return std::holds_alternative<Missing>(value); }

std::vector<std::vector<std::string>> shown_cells(const Table& table) {
  std::vector<std::vector<std::string>> cells;
  for (const std::vector<Value>& row : table.rows) {
    cells.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i)
      cells.back().push_back(shown(row[i], table.columns[i]));
  }
  return cells;
}

/// Columns whose values are numbers stand at the right.
std::vector<bool> right_aligned(const Table& table) {
  std::vector<bool> right(table.columns.size(), false);
  for (std::size_t i = 0; i < right.size(); ++i) {
    right[i] = std::any_of(table.rows.begin(), table.rows.end(),
                           [&](const auto& row) { return is_number(row[i]); });
  }
  return right;
}

std::string text_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                     const std::vector<bool>& right) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += i == 0 ? "" : "  ";
    line += right[i] ? fmt::format("{:>{}}", cells[i], widths[i])
                     : fmt::format("{:<{}}", cells[i], widths[i]);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string csv_value(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return csv_cell(*text);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  return "";
}

std::string markdown_cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

nlohmann::ordered_json json_value(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* number = std::get_if<double>(&value); number != nullptr && std::isfinite(*number))
    return *number;
  return nullptr;
}

void erase_column(Table& table, std::size_t column) {
  const auto at = static_cast<std::ptrdiff_t>(column);
  table.columns.erase(table.columns.begin() + at);
  for (std::vector<Value>& row : table.rows) row.erase(row.begin() + at);
}

}  // namespace

void fold_constant_columns(Table& table) {
  std::vector<std::string> constants;
  for (std::size_t i = table.columns.size(); i-- > 0;) {
    if (table.rows.empty()) break;
    const Value& first = table.rows.front()[i];
    const bool constant = std::all_of(table.rows.begin(), table.rows.end(),
                                      [&](const auto& row) { return row[i] == first; });
    const bool nothing = std::all_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
      return is_missing(row[i]) && std::get<Missing>(row[i]).text.empty();
    });
    if (!nothing && !(constant && table.rows.size() > 1)) continue;
    if (!nothing)
      constants.push_back(
          fmt::format("{} {}", table.columns[i].title, shown(first, table.columns[i])));
    erase_column(table, i);
  }
  if (constants.empty()) return;
  std::reverse(constants.begin(), constants.end());
  table.notes.insert(table.notes.begin(),
                     fmt::format("In all rows: {}.", fmt::join(constants, ", ")));
}

std::string to_text(const Table& table) {
  const std::vector<std::vector<std::string>> cells = shown_cells(table);
  const std::vector<bool> right = right_aligned(table);
  std::vector<std::string> titles;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    titles.push_back(table.columns[i].title);
    widths.push_back(titles.back().size());
    for (const auto& row : cells) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text = table.caption.empty() ? "" : table.caption + "\n";
  text += text_row(titles, widths, right);
  for (const auto& row : cells) text += text_row(row, widths, right);
  for (const std::string& note : table.notes) text += note + "\n";
  return text;
}

std::string to_markdown(const Table& table) {
  std::string text = table.caption.empty() ? "" : fmt::format("**{}**\n\n", table.caption);
  const std::vector<bool> right = right_aligned(table);
  std::string rule = "|";
  text += "|";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    text += fmt::format(" {} |", markdown_cell(table.columns[i].title));
    rule += right[i] ? " ---: |" : " --- |";
  }
  text += "\n" + rule + "\n";
  for (const auto& row : shown_cells(table)) {
    text += "|";
    for (const std::string& cell : row) text += fmt::format(" {} |", markdown_cell(cell));
    text += "\n";
  }
  for (const std::string& note : table.notes) text += "\n" + note + "\n";
  return text;
}

std::string to_csv(const Table& table) {
  const auto line = [](const std::vector<std::string>& cells) {
    return fmt::format("{}\r\n", fmt::join(cells, ","));
  };
  std::vector<std::string> cells;
  for (const Column& column : table.columns) cells.push_back(csv_cell(column.key));
  std::string text = line(cells);
  for (const std::vector<Value>& row : table.rows) {
    cells.clear();
    for (const Value& value : row) cells.push_back(csv_value(value));
    text += line(cells);
  }
  return text;
}

std::string to_json(const Table& table, const std::string& list) {
  nlohmann::ordered_json document = {{"schema_version", 1},
                                     {list, nlohmann::ordered_json::array()}};
  for (const std::vector<Value>& row : table.rows) {
    nlohmann::ordered_json object;
    for (std::size_t i = 0; i < row.size(); ++i) object[table.columns[i].key] = json_value(row[i]);
    document[list].push_back(std::move(object));
  }
  constexpr auto replace = nlohmann::ordered_json::error_handler_t::replace;
  return document.dump(2, ' ', false, replace) + "\n";
}

}  // namespace kvroof::report
