// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "kernels/error.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/output.hpp"
#include "profiler/cli/trace_files.hpp"
#include "traces/export.hpp"

namespace kvroof::cli {
namespace {

/// A format that is text: an option and what writes it.
struct TextFormat {
  const char* option;
  const char* help;
  void (*write)(const traces::Trace&, std::ostream&);
};
constexpr std::array<TextFormat, 4> kTextFormats = {{
    {"--csv", "All scalar fields, a row per record", traces::export_csv},
    {"--md", "A table of the main columns as Markdown", traces::export_markdown},
    {"--chrome-trace", "Timeline for Perfetto and chrome://tracing", traces::export_chrome_trace},
    {"--google-benchmark", "As Google Benchmark's JSON, for its compare.py and the like",
     traces::export_google_benchmark},
}};

struct ExportArguments {
  std::vector<std::string> traces;
  std::array<std::string, kTextFormats.size()> files;
  std::string sqlite;
};

int run_export(const ExportArguments& arguments) {
  bool anything = !arguments.sqlite.empty();
  for (const std::string& file : arguments.files) {
    if (file.empty()) continue;
    anything = true;
    require_writable(file);
  }
  require(anything, "export: say what to write, for example --csv FILE; see kvroof export --help");
  const traces::Trace trace = read_trace_arguments(arguments.traces);
  for (std::size_t i = 0; i < kTextFormats.size(); ++i) {
    if (arguments.files[i].empty()) continue;
    std::ostringstream text;
    kTextFormats[i].write(trace, text);
    write_output(arguments.files[i], text.str());
  }
  if (!arguments.sqlite.empty()) traces::export_sqlite(trace, arguments.sqlite);
  return kExitOk;
}

}  // namespace

void add_export_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("export", "Write traces in the formats of other tools; - is stdout");
  auto arguments = std::make_shared<ExportArguments>();
  command->add_option("TRACE", arguments->traces, "Traces of kvroof sweep, merged")->required();
  for (std::size_t i = 0; i < kTextFormats.size(); ++i)
    command->add_option(kTextFormats[i].option, arguments->files[i], kTextFormats[i].help);
  command->add_option("--sqlite", arguments->sqlite, "SQLite database, replaced when it is there");
  command->callback([arguments, &invocation] { invocation.exit_code = run_export(*arguments); });
}

}  // namespace kvroof::cli
