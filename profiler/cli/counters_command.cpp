// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "kernels/error.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/cli/trace_files.hpp"
#include "profiler/report/counter_comparison.hpp"

namespace kvroof::cli {
namespace {

struct CountersArguments {
  std::string simulated, measured;
  TableOutput output;
};

int run_counters(const CountersArguments& arguments) {
  require_usable(arguments.output);
  const report::Table table =
      report::counter_comparison(report::latest_records(read_trace_argument(arguments.simulated)),
                                 report::latest_records(read_trace_argument(arguments.measured)));
  require(!table.rows.empty(), "{} and {} share no configuration that has counters on both sides",
          arguments.simulated, arguments.measured);
  write_tables({{table}, table, "counters"}, arguments.output);
  return kExitOk;
}

}  // namespace

void add_counters_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("counters",
                                         "The simulator's counters beside the hardware's, for the "
                                         "configurations that a simulated and a "
                                         "measured trace share");
  auto arguments = std::make_shared<CountersArguments>();
  command->add_option("SIMULATED", arguments->simulated, "Trace of kvroof sweep --backend sim")
      ->required();
  command->add_option("MEASURED", arguments->measured, "Trace of kvroof sweep --backend cuda")
      ->required();
  add_table_options(*command, arguments->output);
  command->callback([arguments, &invocation] { invocation.exit_code = run_counters(*arguments); });
}

}  // namespace kvroof::cli
