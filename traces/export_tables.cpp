// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "traces/export.hpp"
#include "traces/flatten.hpp"

namespace kvroof::traces {
namespace {

using detail::scalar_text;

void check(const std::ostream& out) {
  if (!out) throw TraceError("the export cannot be written: is the disk full?");
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string csv_row(const std::vector<std::string>& cells) {
  std::string row;
  for (std::size_t i = 0; i < cells.size(); ++i) row += (i == 0 ? "" : ",") + csv_cell(cells[i]);
  return row + "\r\n";
}

/// Columns of all records, each next to its neighbours in the record that brought it in.
class Columns {
 public:
  void add(const Record& record) {
    std::size_t place = 0;
    for (const auto& [path, value] : detail::flatten(record)) {
      const auto found = std::find(paths_.begin(), paths_.end(), path);
      if (found == paths_.end()) {
        paths_.insert(paths_.begin() + static_cast<std::ptrdiff_t>(place), path);
        ++place;
      } else {
        place = static_cast<std::size_t>(found - paths_.begin()) + 1;
      }
    }
  }
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  std::vector<std::string> paths_;
};

/// The text without what would end a cell or start markup.
std::string markdown_cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '\\') escaped += '\\';
    escaped += c == '\n' || c == '\r' ? ' ' : c;
  }
  return escaped;
}

std::string time_text(const Record& record) {
  if (record.times.empty()) return "";
  const Time& time = record.times.front();
  return fmt::format("{:.3f} ({}, {} samples)", time.statistics.median_ns / 1e3,
                     name_of(time.provenance), time.statistics.count);
}

std::string spread_text(const Record& record) {
  if (record.times.empty()) return "";
  const Statistics& statistics = record.times.front().statistics;
  if (statistics.count < 2 || !(statistics.median_ns > 0)) return "";
  return fmt::format("{:.2f}", 100 * (statistics.q3_ns - statistics.q1_ns) / statistics.median_ns);
}

std::string bandwidth_text(const Record& record) {
  const auto dram =
      std::find_if(record.traffic.begin(), record.traffic.end(),
                   [](const Traffic& traffic) { return traffic.level == MemoryLevel::dram; });
  if (dram == record.traffic.end() || record.times.empty()) return "";
  const double time_ns = record.times.front().statistics.median_ns;
  if (!(time_ns > 0)) return "";
  return fmt::format("{:.1f}",
                     (dram->read_bytes + dram->write_bytes) / time_ns);  // bytes/ns = GB/s
}

std::string ratio_text(const Record& record) {
  const auto ratio = record.bytes ? compression_ratio(*record.bytes) : std::nullopt;
  return ratio ? fmt::format("{:.3f}", *ratio) : "";
}

struct Column {
  std::string_view title;
  std::string (*text)(const Record&);
};

constexpr Column kMarkdownColumns[] = {
    {"kernel",
     [](const Record& r) {
       return r.kernel.name + (r.kernel.variant.empty() ? "" : " " + r.kernel.variant);
     }},
    {"backend", [](const Record& r) { return std::string(name_of(r.backend)); }},
    {"batch", [](const Record& r) { return std::to_string(r.problem.batch); }},
    {"heads q/kv",
     [](const Record& r) {
       return fmt::format("{}/{}", r.problem.query_heads, r.problem.kv_heads);
     }},
    {"head_dim", [](const Record& r) { return std::to_string(r.problem.head_dim); }},
    {"kv_len", [](const Record& r) { return std::to_string(r.problem.kv_len); }},
    {"dtype", [](const Record& r) { return r.problem.dtype; }},
    {"sparsity k/v",
     [](const Record& r) {
       return fmt::format("{}/{}", r.problem.keys.requested_sparsity,
                          r.problem.values.requested_sparsity);
     }},
    {"status",
     [](const Record& r) {
       return std::string(name_of(r.status)) + (r.reason.empty() ? "" : ": " + r.reason);
     }},
    {"median us", time_text},
    {"IQR %", spread_text},
    {"DRAM GB/s", bandwidth_text},
    {"compression", ratio_text},
};

}  // namespace

void export_csv(const Trace& trace, std::ostream& out) {
  Columns columns;
  for (const Record& record : trace.records) columns.add(record);
  out << csv_row(columns.paths());
  for (const Record& record : trace.records) {
    std::unordered_map<std::string, std::string> values;
    for (const auto& [path, value] : detail::flatten(record)) values[path] = scalar_text(value);
    std::vector<std::string> cells;
    for (const std::string& path : columns.paths()) cells.push_back(values[path]);
    out << csv_row(cells);
  }
  check(out);
}

void export_markdown(const Trace& trace, std::ostream& out) {
  std::string header = "|";
  std::string rule = "|";
  for (const Column& column : kMarkdownColumns) {
    header += fmt::format(" {} |", column.title);
    rule += "---|";
  }
  out << header << '\n' << rule << '\n';
  for (const Record& record : trace.records) {
    std::string row = "|";
    for (const Column& column : kMarkdownColumns)
      row += fmt::format(" {} |", markdown_cell(column.text(record)));
    out << row << '\n';
  }
  check(out);
}

}  // namespace kvroof::traces
