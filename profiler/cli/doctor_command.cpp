// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "profiler/cli/backend.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/measure/doctor.hpp"
#if KVROOF_HAS_CUDA
#include "kernels/cuda/cuda_device.hpp"
#include "profiler/measure/machine_facts.hpp"
#endif

namespace kvroof::cli {
namespace {

struct DoctorArguments {
  int device = 0;
  TableOutput output;
};

measure::MachineFacts find_out([[maybe_unused]] int ordinal) {
#if KVROOF_HAS_CUDA
  return measure::find_out(ordinal);
#else
  return {};
#endif
}

std::string text_of(measure::Verdict verdict) {
  switch (verdict) {
    case measure::Verdict::good: return "good";
    case measure::Verdict::note: return "note";
    case measure::Verdict::broken: return "broken";
  }
  return "";
}

int run_doctor(const DoctorArguments& arguments) {
  require_usable(arguments.output);
  const std::vector<measure::Finding> findings = measure::diagnose(find_out(arguments.device));
  report::Table table{.caption = "What measuring on a GPU needs",
                      .columns = {{"subject", "subject"},
                                  {"verdict", "verdict"},
                                  {"what", "found"},
                                  {"remedy", "what to do"}}};
  for (const measure::Finding& finding : findings)
    table.rows.push_back({finding.subject, text_of(finding.verdict), finding.what, finding.remedy});
  write_tables({{table}, table, "findings"}, arguments.output);
  const bool broken = std::any_of(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.verdict == measure::Verdict::broken;
  });
  return broken ? kExitFailure : kExitOk;
}

}  // namespace

void add_doctor_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("doctor",
                         "Check what measuring on a GPU needs (driver, toolkit, CUPTI, "
                         "permissions, clocks, memory) and "
                         "say how to mend it; exit code 1 when something is broken");
  auto arguments = std::make_shared<DoctorArguments>();
  constexpr int most_devices = 1024;
  command->add_option("--device", arguments->device, "Number of the CUDA device")
      ->check(CLI::Range(0, most_devices - 1))
      ->capture_default_str();
  add_table_options(*command, arguments->output);
  command->callback([arguments, &invocation] { invocation.exit_code = run_doctor(*arguments); });
}

}  // namespace kvroof::cli
