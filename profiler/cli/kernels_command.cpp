// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "profiler/cli/commands.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/report/kernel_tables.hpp"

namespace kvroof::cli {

void add_kernels_command(CLI::App& app, Invocation&) {
  CLI::App* command =
      app.add_subcommand("kernels", "List the kernels, what they run on, and why not on the rest");
  auto output = std::make_shared<TableOutput>();
  add_table_options(*command, *output);
  command->callback([output] {
    require_usable(*output);
    const std::vector<report::KernelSupport> support = report::kernel_support();
    write_tables({report::kernel_tables(support), report::kernel_table(support), "kernels"},
                 *output);
  });
}

}  // namespace kvroof::cli
