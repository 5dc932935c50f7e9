// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/plots.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/cli/trace_files.hpp"
#include "profiler/report/trace_tables.hpp"

namespace kvroof::cli {
namespace {

struct ReportArguments {
  std::vector<std::string> traces;
  std::string plots;  // folder for pictures, or empty
  TableOutput output;
};

int run_report(const ReportArguments& arguments) {
  require_usable(arguments.output);
  const std::string viewer = arguments.plots.empty() ? "" : find_viewer();
  const std::vector<report::DeviceRecord> records =
      report::latest_records(read_trace_arguments(arguments.traces));
  write_tables({{report::results_table(records), report::bytes_table(records),
                 report::counters_table(records)},
                report::wide_table(records),
                "configurations"},
               arguments.output);
  if (!arguments.plots.empty()) write_plots(viewer, arguments.plots, arguments.traces);
  return kExitOk;
}

}  // namespace

void add_report_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "report",
      "Tables of traces: results, bytes by part, counters; the latest record of each "
      "configuration and device");
  auto arguments = std::make_shared<ReportArguments>();
  command->add_option("TRACE", arguments->traces, "Traces of kvroof sweep")->required();
  command->add_option("--plots", arguments->plots,
                      "Also have kvroof-view write pictures of every view, PNG and SVG, into this "
                      "folder; needs no display");
  add_table_options(*command, arguments->output);
  command->callback([arguments, &invocation] { invocation.exit_code = run_report(*arguments); });
}

}  // namespace kvroof::cli
