// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "kernels/error.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/plots.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/cli/trace_files.hpp"
#include "profiler/report/crossover.hpp"
#include "profiler/report/roofline.hpp"
#include "profiler/report/trace_tables.hpp"
#include "profiler/sweep/modelled_crossover.hpp"

namespace kvroof::cli {
namespace {

struct ReportArguments {
  std::vector<std::string> traces;
  std::string crossover;  // device; empty: not asked for
  std::string plots;      // folder for pictures, or empty
  TableOutput output;
};

/// The device as records name it: a name of the catalogue, or what records say themselves.
std::string name_in_records(const std::string& device) {
  for (const model::DeviceModel& known : model::default_catalogue().devices) {
    if (known.name == device) return known.driver_name;
  }
  return device;
}

int report_crossover(const ReportArguments& arguments, std::vector<report::DeviceRecord> records) {
  const std::string device = name_in_records(arguments.crossover);
  std::erase_if(records,
                [&](const report::DeviceRecord& record) { return record.device != device; });
  std::vector<report::CrossoverPoint> points = report::crossover_points(records);
  const bool from_records = !points.empty();
  if (!from_records)
    points = sweep::modelled_crossover(model::default_catalogue().find(arguments.crossover));
  report::Table table = report::crossover_table(device, points);
  table.notes.push_back(
      from_records
          ? "From the records of the traces; modelled times are not yet validated: docs/model.md."
          : "No record of this device has the time of a sparse decode: sparse times are predicted, "
            "dense and 2:4 are the least that their bytes take (launch and memory), which "
            "published "
            "kernels miss by 6 to 50 %. Not yet validated: docs/model.md.");
  report::Table shown = table;
  fold_constant_columns(shown);
  write_tables({{shown}, table, "points"}, arguments.output);
  return kExitOk;
}

int run_report(const ReportArguments& arguments) {
  require_usable(arguments.output);
  require(!arguments.traces.empty() || !arguments.crossover.empty(),
          "report: TRACE is needed, or --crossover DEVICE for a table of the model's");
  const std::string viewer = arguments.plots.empty() ? "" : find_viewer();
  const std::vector<report::DeviceRecord> records =
      report::latest_records(read_trace_arguments(arguments.traces));
  if (!arguments.crossover.empty()) return report_crossover(arguments, records);
  write_tables({{report::results_table(records), report::roofline_table(records),
                 report::bytes_table(records), report::counters_table(records)},
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
      "Tables of traces: results, roofline, bytes by part, counters; the latest record of each "
      "configuration and device");
  auto arguments = std::make_shared<ReportArguments>();
  command->add_option("TRACE", arguments->traces, "Traces of kvroof sweep");
  command->add_option("--crossover", arguments->crossover,
                      "Instead: where sparse decode is faster than dense and than 2:4 on this "
                      "device, and by how much; from the traces, or from the model when they hold "
                      "no time of it. A name of kvroof predict --list, or as traces name it");
  command->add_option("--plots", arguments->plots,
                      "Also have kvroof-view write pictures of every view, PNG and SVG, into this "
                      "folder; needs no display");
  add_table_options(*command, arguments->output);
  command->callback([arguments, &invocation] { invocation.exit_code = run_report(*arguments); });
}

}  // namespace kvroof::cli
