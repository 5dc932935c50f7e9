// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <stdexcept>

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
      "double-precision reference",
      "kvroof");
  app.set_version_flag("--version", fmt::format("kvroof {} (git {}{})", kVersion, kGitRevision,
                                                kGitDirty ? ", dirty" : ""));
  app.require_subcommand(1);
  add_validate_command(app, invocation);
  add_devices_command(app, invocation);
  add_predict_command(app, invocation);
  catch_interrupts();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  } catch (const inputs::InputError& error) {
    return report(error, kExitUsage);
  } catch (const std::invalid_argument& error) {
    return report(error, kExitUsage);
  } catch (const std::exception& error) {
    return report(error, kExitFailure);
  }
  return invocation.exit_code;
}

}  // namespace
}  // namespace kvroof::cli

int main(int argc, char** argv) { return kvroof::cli::run(argc, argv); }
