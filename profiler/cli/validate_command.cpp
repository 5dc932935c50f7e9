// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "kernels/error.hpp"
#include "kernels/format/kept.hpp"
#include "profiler/cli/backend.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/output.hpp"
#include "profiler/report/validation_report.hpp"
#include "profiler/validate/validate.hpp"

namespace kvroof::cli {
namespace {

struct ValidateOptions {
  BackendChoice backend = BackendChoice::kAuto;
  int device = 0;
  std::string suite;
  validate::Case one;
  std::vector<double> sparsity = {0.5};
  int kept = 0;  // 0: from the sparsity
  std::string dtype = "f16";
  std::string json;
};

void add_backend_options(CLI::App& command, ValidateOptions& options) {
  const std::map<std::string, BackendChoice> backends{
      {"auto", BackendChoice::kAuto}, {"sim", BackendChoice::kSim}, {"cuda", BackendChoice::kCuda}};
  command
      .add_option("--backend", options.backend, "auto (cuda where usable, else sim), sim or cuda")
      ->transform(CLI::CheckedTransformer(backends))
      ->default_str("auto");
  command.add_option("--device", options.device, "Number of the CUDA device")
      ->capture_default_str();
}

/// Options of one case; a suite fixes them all, a file fixes the shapes.
void add_case_options(CLI::App& command, ValidateOptions& options, CLI::Option* suite) {
  validate::Case& one = options.one;
  CLI::Option* file = command.add_option("--kv", one.kv_file,
                                         "safetensors file with keys, values and perhaps queries");
  std::vector<CLI::Option*> shapes = {
      command.add_option("--batch", one.batch, "Sequences")->capture_default_str(),
      command.add_option("--kv-heads", one.kv_heads, "Heads of the cache")->capture_default_str(),
      command.add_option("--head-dim", one.head_dim, "Channels of a head")->capture_default_str(),
      command
          .add_option("--kv-len", one.kv_lengths,
                      "Tokens in the cache: one number, or one per sequence, comma-separated")
          ->delimiter(',')
          ->default_str("4096")};
  for (CLI::Option* shape : shapes) shape->excludes(file);
  CLI::Option* sparsity =
      command
          .add_option("--sparsity", options.sparsity,
                      "Share of every row to prune; several, comma-separated, make several cases")
          ->delimiter(',')
          ->default_str("0.5");
  std::vector<CLI::Option*> others = {
      file,
      command
          .add_option("--query-heads", one.query_heads,
                      "Heads of the query, a multiple of --kv-heads")
          ->capture_default_str(),
      command.add_option("--window", one.window, "Most recent tokens that stay dense")
          ->capture_default_str(),
      sparsity,
      command
          .add_option("--kept", options.kept,
                      "Elements kept of every row, exactly; instead of --sparsity")
          ->check(CLI::PositiveNumber)
          ->excludes(sparsity),
      command.add_option("--dtype", options.dtype, "f16 or bf16")
          ->check(CLI::IsMember({"f16", "bf16"}))
          ->capture_default_str(),
      command.add_option("--blocks", one.blocks, "Blocks that share the work; 0: chosen")
          ->capture_default_str(),
      command.add_option("--seed", one.seed, "Of the synthetic inputs")->capture_default_str(),
      command
          .add_option("--outlier-strength", one.outlier_strength,
                      "Of the synthetic keys' strong channels; 0: none")
          ->capture_default_str()};
  for (CLI::Option* option : shapes) suite->excludes(option);
  for (CLI::Option* option : others) suite->excludes(option);
}

std::vector<validate::Case> selected_cases(const ValidateOptions& options) {
  if (options.suite == "smoke") return validate::suite_cases(validate::Suite::kSmoke);
  if (options.suite == "full") return validate::suite_cases(validate::Suite::kFull);
  std::vector<validate::Case> cases;
  validate::Case one = options.one;
  one.value_type = options.dtype == "f16" ? ValueType::kF16 : ValueType::kBF16;
  if (options.kept > 0) {
    require(options.kept <= one.head_dim || !one.kv_file.empty(),
            "--kept must be at most --head-dim ({}), got {}", one.head_dim, options.kept);
    one.kept_keys = one.kept_values = options.kept;
    one.requested_sparsity = effective_sparsity(one.head_dim, options.kept);
    return {one};
  }
  for (const double sparsity : options.sparsity) {
    one.requested_sparsity = sparsity;
    one.kept_keys = one.kept_values = kept_from_sparsity(one.head_dim, sparsity);
    cases.push_back(one);
  }
  return cases;
}

int exit_code(const std::vector<validate::CaseResult>& results) {
  int code = kExitOk;
  for (const validate::CaseResult& result : results) {
    if (result.status() == validate::Status::kError) return kExitFailure;
    if (result.status() == validate::Status::kFailed) code = kExitValidationFailed;
  }
  return code;
}

int run_validate(const ValidateOptions& options, const Invocation& invocation) {
  const std::vector<validate::Case> cases = selected_cases(options);
  for (const validate::Case& one : cases) {
    if (one.kv_file.empty()) check(one);
  }
  const std::unique_ptr<Device> device = open_device(options.backend, options.device);
  if (options.backend == BackendChoice::kAuto && device->backend() == Backend::kSim) {
    fmt::print(stderr, "kvroof: on the simulator, since CUDA cannot be used here: {}\n",
               why_no_cuda());
  }
  std::vector<validate::CaseResult> results;
  {
    Progress progress(static_cast<int>(cases.size()));
    for (const validate::Case& one : cases) {
      if (interrupted()) break;
      progress.step(describe(one));
      results.push_back(validate::validate(one, *device));
    }
  }
  if (options.json != "-") write_output("-", report::validation_table(results, *device));
  if (!options.json.empty()) {
    write_output(options.json, report::validation_json(results, report::describe_environment(
                                                                    *device, invocation.argv)));
  }
  if (interrupted()) {
    fmt::print(stderr, "kvroof: interrupted after {} of {} cases\n", results.size(), cases.size());
    return kExitInterrupted;
  }
  return exit_code(results);
}

}  // namespace

void add_validate_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "validate",
      "Check the kernels against the double-precision reference: one case, or a suite of them");
  auto options = std::make_shared<ValidateOptions>();
  add_backend_options(*command, *options);
  CLI::Option* suite =
      command->add_option("--suite", options->suite, "A fixed list of cases: smoke or full")
          ->check(CLI::IsMember({"smoke", "full"}));
  add_case_options(*command, *options, suite);
  command->add_option(
      "--json", options->json,
      "Also write the results as JSON to this file; - : to stdout, instead of the table");
  command->callback(
      [options, &invocation] { invocation.exit_code = run_validate(*options, invocation); });
}

}  // namespace kvroof::cli
