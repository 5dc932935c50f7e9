// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <new>
#include <stdexcept>

#include "kernels/error.hpp"
#include "kvroof_version.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/output.hpp"
#include "profiler/inputs/error.hpp"

namespace kvroof::cli {
namespace {

int report(const std::exception& error, int code) {
  fmt::print(stderr, "kvroof: {}\n", error.what());
  return code;
}

int run(int argc, char** argv) {
  Invocation invocation{.argv = {argv, argv + argc}};
  CLI::App app(
      "Sparse KV-cache attention: validate kernels, simulated or on a GPU, against a "
      "double-precision reference; sweep them over problems, report and compare the results",
      "kvroof");
  app.set_version_flag("--version", fmt::format("kvroof {} (git {}{})", kVersion, kGitRevision,
                                                kGitDirty ? ", dirty" : ""));
  app.require_subcommand(0, 1);  // none at all is told below, behind unknown options
  add_validate_command(app, invocation);
  add_sweep_command(app, invocation);
  add_report_command(app, invocation);
  add_compare_command(app, invocation);
  add_merge_command(app, invocation);
  add_export_command(app, invocation);
  add_devices_command(app, invocation);
  add_formats_command(app, invocation);
  add_kernels_command(app, invocation);
  add_predict_command(app, invocation);
  add_inspect_command(app, invocation);
  add_fidelity_command(app, invocation);
  add_ceilings_command(app, invocation);
  add_doctor_command(app, invocation);
  add_counters_command(app, invocation);
  catch_interrupts();
  try {
    app.parse(argc, argv);
    require(
        !app.get_subcommands().empty(),
        "a command is needed: validate, sweep, report, compare, merge, export, predict, inspect, "
        "fidelity, ceilings, doctor, counters, devices, formats or kernels; see {} --help",
        app.get_name());
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  } catch (const inputs::InputError& error) {
    return report(error, kExitUsage);
  } catch (const std::invalid_argument& error) {
    return report(error, kExitUsage);
  } catch (const std::bad_alloc&) {
    return report(std::runtime_error("out of memory; try fewer tokens, heads or sequences"),
                  kExitFailure);
  } catch (const std::exception& error) {
    return report(error, kExitFailure);
  }
  return invocation.exit_code;
}

}  // namespace
}  // namespace kvroof::cli

int main(int argc, char** argv) { return kvroof::cli::run(argc, argv); }
