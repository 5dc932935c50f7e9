// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "kernels/error.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/number_check.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/cli/trace_files.hpp"
#include "profiler/report/compare.hpp"

namespace kvroof::cli {
namespace {

struct CompareArguments {
  std::string base, next;
  double alpha = 0.05;
  std::optional<double> fail_percent;
  TableOutput output;
};

int exit_code(const report::Comparison& comparison, std::optional<double> fail_percent) {
  if (!fail_percent) return kExitOk;
  const std::vector<std::string> sentences = report::regressions(comparison, *fail_percent);
  for (const std::string& sentence : sentences)
    fmt::print(stderr, "kvroof: regression: {}\n", sentence);
  return sentences.empty() ? kExitOk : kExitRegression;
}

int run_compare(const CompareArguments& arguments) {
  require_usable(arguments.output);
  const std::vector<report::DeviceRecord> base =
      report::latest_records(read_trace_argument(arguments.base));
  const std::vector<report::DeviceRecord> next =
      report::latest_records(read_trace_argument(arguments.next));
  const report::Comparison comparison = report::compare(base, next, arguments.alpha);
  require(!comparison.matched.empty(), "{} and {} have no configuration in common", arguments.base,
          arguments.next);
  const report::Table table = report::comparison_table(comparison);
  report::Table shown = table;
  fold_constant_columns(shown);
  write_tables({{shown}, table, "configurations"}, arguments.output);
  return exit_code(comparison, arguments.fail_percent);
}

}  // namespace

void add_compare_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "compare",
      "Compare the configurations that two traces share: simulated and modelled numbers exactly, "
      "measured times by the Mann-Whitney U test, adjusted by Holm for their number");
  auto arguments = std::make_shared<CompareArguments>();
  command->add_option("BASE", arguments->base, "Trace to compare with")->required();
  command->add_option("NEW", arguments->next, "Trace to judge")->required();
  command
      ->add_option("--alpha", arguments->alpha,
                   "Share of comparisons of alike runs that may report a difference")
      ->check(number_in(1e-9, 0.5))
      ->capture_default_str();
  constexpr double most_percent = 1e9;
  command
      ->add_option("--fail-on-regression", arguments->fail_percent,
                   "Exit with 4 when something passed before and does not now, is significantly "
                   "slower, or takes more bytes, traffic or counts, by more than this many percent")
      ->check(number_in(0, most_percent));
  add_table_options(*command, arguments->output);
  command->callback([arguments, &invocation] { invocation.exit_code = run_compare(*arguments); });
}

}  // namespace kvroof::cli
