// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace kvroof::cli {

/// What a command needs to know of the whole call.
struct Invocation {
  std::vector<std::string> argv;
  int exit_code = 0;  // set by the command that ran
};

// Each adds one subcommand to `app`; its callback runs the command and sets invocation.exit_code.
void add_validate_command(CLI::App& app, Invocation& invocation);
void add_sweep_command(CLI::App& app, Invocation& invocation);
void add_report_command(CLI::App& app, Invocation& invocation);
void add_ceilings_command(CLI::App& app, Invocation& invocation);
void add_counters_command(CLI::App& app, Invocation& invocation);
void add_doctor_command(CLI::App& app, Invocation& invocation);
void add_compare_command(CLI::App& app, Invocation& invocation);
void add_merge_command(CLI::App& app, Invocation& invocation);
void add_export_command(CLI::App& app, Invocation& invocation);
void add_devices_command(CLI::App& app, Invocation& invocation);
void add_formats_command(CLI::App& app, Invocation& invocation);
void add_kernels_command(CLI::App& app, Invocation& invocation);
void add_predict_command(CLI::App& app, Invocation& invocation);
void add_inspect_command(CLI::App& app, Invocation& invocation);
void add_fidelity_command(CLI::App& app, Invocation& invocation);

}  // namespace kvroof::cli
