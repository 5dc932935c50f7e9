// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
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
  std::vector<std::int64_t> kv_lengths;
  TableOutput output;
};

/// The records of a trace, of the lengths that were asked for.
std::vector<report::DeviceRecord> records_of(const std::string& path,
                                             const std::vector<std::int64_t>& kv_lengths) {
  std::vector<report::DeviceRecord> records = report::latest_records(read_trace_argument(path));
  std::erase_if(records, [&](const report::DeviceRecord& one) {
    return !kv_lengths.empty() &&
           std::find(kv_lengths.begin(), kv_lengths.end(), one.problem.kv_len) == kv_lengths.end();
  });
  return records;
}

int run_counters(const CountersArguments& arguments) {
  require_usable(arguments.output);
  const auto simulated = records_of(arguments.simulated, arguments.kv_lengths);
  const auto measured = records_of(arguments.measured, arguments.kv_lengths);
  const report::Table table = report::counter_comparison(simulated, measured);
  require(!table.rows.empty(), "{} and {} share no configuration that has counters on both sides",
          arguments.simulated, arguments.measured);
  const std::vector<report::Table> shown = arguments.kv_lengths.empty()
                                               ? std::vector<report::Table>{table}
                                               : report::counter_shares(simulated, measured);
  write_tables({shown, table, "counters"}, arguments.output);
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
  command
      ->add_option(
          "--kv-len", arguments->kv_lengths,
          "Only these lengths, and as percentages: a row per quantity, a column per kernel")
      ->delimiter(',');
  add_table_options(*command, arguments->output);
  command->callback([arguments, &invocation] { invocation.exit_code = run_counters(*arguments); });
}

}  // namespace kvroof::cli
