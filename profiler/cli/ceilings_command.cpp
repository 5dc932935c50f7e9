// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "kernels/error.hpp"
#include "profiler/ceilings/catalogue_roofs.hpp"
#include "profiler/cli/backend_options.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/report/ceilings_table.hpp"
#include "profiler/sweep/record.hpp"
#include "traces/write.hpp"
#if KVROOF_HAS_CUDA
#include "profiler/ceilings/measure_ceilings.hpp"
#endif

namespace kvroof::cli {
namespace {

struct CeilingsArguments {
  std::string trace;
  int device = 0;
  int samples = 15;
  TableOutput output;
};

#if KVROOF_HAS_CUDA
traces::Ceilings measure_all(Device& device, int samples) {
  return ceilings::measure(
      device,
      {.samples = samples, .date = sweep::utc_now().substr(0, std::size("2026-11-25") - 1)});
}
#else
traces::Ceilings measure_all(Device&, int) { fail("ceilings: this kvroof was built without CUDA"); }
#endif

int run_ceilings(const CeilingsArguments& arguments) {
  require_usable(arguments.output);
  std::error_code ignored;
  require(arguments.trace.empty() || !std::filesystem::exists(arguments.trace, ignored),
          "-o {}: there is such a file", arguments.trace);
  const std::unique_ptr<Device> device =
      open_device({.backend = "cuda", .device = arguments.device});
  traces::Ceilings measured = measure_all(*device, arguments.samples);
  for (traces::Roof& roof : ceilings::catalogue_roofs(device->info()))
    measured.roofs.push_back(std::move(roof));
  if (!arguments.trace.empty()) traces::Writer(arguments.trace).declare(measured);
  const report::Table table = report::ceilings_table(measured);
  write_tables({{table}, table, "roofs"}, arguments.output);
  return kExitOk;
}

}  // namespace

void add_ceilings_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "ceilings",
      "Measure what a GPU reaches: memory, L2 and shared bandwidth, mma, instruction rates, launch "
      "floors, latencies");
  auto arguments = std::make_shared<CeilingsArguments>();
  command->add_option("-o,--output", arguments->trace,
                      "Trace to write them to, for kvroof sweep --ceilings");
  constexpr int most_devices = 1024;
  command->add_option("--device", arguments->device, "Number of the CUDA device")
      ->check(CLI::Range(0, most_devices - 1))
      ->capture_default_str();
  constexpr int least_samples = 3, most_samples = 1000;
  command->add_option("--samples", arguments->samples, "Samples of every probe; the median counts")
      ->check(CLI::Range(least_samples, most_samples))
      ->capture_default_str();
  add_table_options(*command, arguments->output);
  command->callback([arguments, &invocation] { invocation.exit_code = run_ceilings(*arguments); });
}

}  // namespace kvroof::cli
