// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "profiler/cli/commands.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/report/format_table.hpp"

namespace kvroof::cli {
namespace {

struct FormatsCommand {
  validate::FormatCase one;
  TableOutput output;
};

void run(const FormatsCommand& command) {
  require_usable(command.output);
  const report::Table table = report::format_table(command.one, format_sizes(command.one));
  write_tables({.for_people = {table}, .wide = table, .list = "formats"}, command.output);
}

}  // namespace

void add_formats_command(CLI::App& app, Invocation&) {
  CLI::App* command = app.add_subcommand(
      "formats", "Compare the sparse formats byte by byte, on one synthetic kv head");
  const auto options = std::make_shared<FormatsCommand>();
  validate::FormatCase& one = options->one;
  command->add_option("--head-dim", one.head_dim, "Channels of a head: 64, 128 or 256")
      ->capture_default_str();
  command->add_option("--tokens", one.tokens, "Tokens, a multiple of 64")->capture_default_str();
  command->add_option("--sparsity", one.sparsity, "Share of every row to prune; N:M has 0.5 only")
      ->capture_default_str();
  command->add_option("--seed", one.seed, "Of the synthetic keys and values")
      ->capture_default_str();
  add_table_options(*command, options->output);
  command->callback([options] { run(*options); });
}

}  // namespace kvroof::cli
