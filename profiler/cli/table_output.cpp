// SPDX-License-Identifier: Apache-2.0
#include "profiler/cli/table_output.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "kernels/error.hpp"
#include "profiler/cli/output.hpp"

namespace kvroof::cli {
namespace {

template <class Print>
std::string join(const std::vector<report::Table>& tables, Print&& print) {
  std::string text;
  for (const report::Table& table : tables) {
    if (table.rows.empty() && &table != &tables.front()) continue;
    text += (text.empty() ? "" : "\n") + print(table);
  }
  return text;
}

}  // namespace

void add_table_options(CLI::App& command, TableOutput& output) {
  const char* where = " to this file; - : to stdout, instead of the table";
  command.add_option("--csv", output.csv, fmt::format("Also write every column as CSV{}", where));
  command.add_option("--json", output.json,
                     fmt::format("Also write every column as JSON{}", where));
  command.add_option("--md", output.markdown,
                     fmt::format("Also write the tables as Markdown{}", where));
}

void require_usable(const TableOutput& output) {
  const int on_stdout = (output.csv == "-") + (output.json == "-") + (output.markdown == "-");
  require(on_stdout <= 1, "only one of --csv, --json and --md can be - (stdout)");
  for (const std::string& path : {output.csv, output.json, output.markdown}) {
    if (!path.empty()) require_writable(path);
  }
}

void write_tables(const Tables& tables, const TableOutput& output) {
  if (!output.takes_stdout()) write_output("-", join(tables.for_people, report::to_text));
  if (!output.csv.empty()) write_output(output.csv, report::to_csv(tables.wide));
  if (!output.json.empty()) write_output(output.json, report::to_json(tables.wide, tables.list));
  if (!output.markdown.empty())
    write_output(output.markdown, join(tables.for_people, report::to_markdown));
}

}  // namespace kvroof::cli
