// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "kernels/error.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/trace_files.hpp"
#include "traces/write.hpp"

namespace kvroof::cli {
namespace {

struct MergeArguments {
  std::string output;
  std::vector<std::string> traces;
};

int run_merge(const MergeArguments& arguments) {
  std::error_code ignored;
  require(!std::filesystem::exists(arguments.output, ignored),
          "-o {}: there is such a file; merge writes a new one", arguments.output);
  const traces::Trace merged = read_trace_arguments(arguments.traces);
  traces::write_trace(arguments.output, merged);
  fmt::print(stderr, "kvroof: {}: {} records from {} traces\n", arguments.output,
             merged.records.size(), arguments.traces.size());
  return kExitOk;
}

}  // namespace

void add_merge_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "merge", "Put traces, such as the shards of a sweep, into one; equal records are kept once");
  auto arguments = std::make_shared<MergeArguments>();
  command->add_option("-o,--output", arguments->output, "Trace to write; must not exist")
      ->required();
  command->add_option("TRACE", arguments->traces, "Traces to read, in order")->required();
  command->callback([arguments, &invocation] { invocation.exit_code = run_merge(*arguments); });
}

}  // namespace kvroof::cli
