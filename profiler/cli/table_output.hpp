// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "profiler/report/table.hpp"

namespace CLI {
class App;
}

namespace kvroof::cli {

/// Where results go besides, or instead of, the table on stdout: --csv, --json, --md.
struct TableOutput {
  std::string csv, json, markdown;  // a file, "-" for stdout, or empty

  bool takes_stdout() const { return csv == "-" || json == "-" || markdown == "-"; }
};
void add_table_options(CLI::App& command, TableOutput& output);

/// Throws std::invalid_argument when two formats want stdout or a file cannot be opened: to be
/// asked before hours of work. Leaves what is in the files.
void require_usable(const TableOutput& output);

/// What to show: `for_people` as text (on stdout) and Markdown, `wide` as CSV and as JSON under
/// `list`.
struct Tables {
  std::vector<report::Table> for_people;
  report::Table wide;
  std::string list;
};
void write_tables(const Tables& tables, const TableOutput& output);

}  // namespace kvroof::cli
