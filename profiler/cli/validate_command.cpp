// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>

#include "kernels/error.hpp"
#include "kernels/format/kept.hpp"
#include "kernels/prune/rule.hpp"
#include "profiler/cli/backend_options.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/output.hpp"
#include "profiler/report/validation_report.hpp"
#include "profiler/validate/method.hpp"
#include "profiler/validate/validate.hpp"

namespace kvroof::cli {
namespace {

struct ValidateOptions {
  BackendOptions backend;
  std::string suite;
  validate::Case one;
  std::string key_rule = "per_token_magnitude";
  std::string value_rule = "per_token_magnitude";
  std::vector<double> sparsity = {0.5};
  std::optional<double> value_sparsity;  // else that of the keys
  std::optional<int> kept;               // else from the sparsity
  std::string dtype = "f16";
  std::string json;
  const CLI::App* command = nullptr;

  bool given(std::string_view option) const { return command->count(std::string(option)) > 0; }
};

/// CLI11 takes "-1" for the largest unsigned number, and anything larger too.
std::string whole_number(const std::string& text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end
             ? ""
             : fmt::format("must be a whole number from 0 to 2^64 - 1, got {}", text);
}

CLI::Option* rule_option(CLI::App& command, const char* name, std::string& rule, Operand side) {
  std::vector<std::string> names;
  for (const prune::Rule one : prune::rules_of(side)) names.emplace_back(to_string(one));
  return command
      .add_option(name, rule,
                  fmt::format("What chooses the {} that survive; see kvroof fidelity --list",
                              side == Operand::kKeys ? "keys" : "values"))
      ->check(CLI::IsMember(names))
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
                      "Share of every row to prune; what stays is a multiple of 8, at least 8; "
                      "several, comma-separated, make several cases")
          ->delimiter(',')
          ->default_str("0.5");
  CLI::Option* value_sparsity =
      command.add_option("--value-sparsity", options.value_sparsity,
                         "Of the values; without it both sides have the same");
  std::vector<std::string> methods;
  for (const validate::Method& method : validate::methods()) methods.emplace_back(method.name);
  std::vector<CLI::Option*> others = {
      file,
      command
          .add_option("--method", one.method,
                      "How the cache is stored and attended to; see kvroof kernels")
          ->check(CLI::IsMember(methods))
          ->capture_default_str(),
      command
          .add_option(
              "--query-heads", one.query_heads,
              "Heads of the query, a multiple of the heads of the cache; a file's own queries "
              "replace it")
          ->capture_default_str(),
      command.add_option("--window", one.window, "Most recent tokens that stay dense")
          ->capture_default_str(),
      command.add_option("--sinks", one.sinks, "First tokens that stay dense")
          ->capture_default_str(),
      command.add_option(
          "--append", one.appended,
          "Fill a cache that grows: so many tokens of every sequence come one by one, "
          "the others as a prompt"),
      rule_option(command, "--key-rule", options.key_rule, Operand::kKeys),
      rule_option(command, "--value-rule", options.value_rule, Operand::kValues),
      sparsity,
      value_sparsity,
      command
          .add_option("--kept", options.kept,
                      "Elements kept of every row, exactly; instead of --sparsity")
          ->excludes(sparsity)
          ->excludes(value_sparsity),
      command.add_option("--dtype", options.dtype, "f16 or bf16")
          ->check(CLI::IsMember({"f16", "bf16"}))
          ->capture_default_str(),
      command.add_option("--blocks", one.blocks, "Blocks that share the work; 0: chosen")
          ->capture_default_str(),
      command.add_option("--seed", one.seed, "Of the synthetic inputs")
          ->check(whole_number)
          ->capture_default_str(),
      command
          .add_option("--outlier-strength", one.outlier_strength,
                      "Of the synthetic keys' strong channels; 0: none")
          ->capture_default_str()};
  for (CLI::Option* option : shapes) suite->excludes(option);
  for (CLI::Option* option : others) suite->excludes(option);
}

/// Throws std::invalid_argument when this machine cannot hold the case.
void require_memory(const validate::Case& one) {
  constexpr double gib = 1024.0 * 1024.0 * 1024.0;
  const double needed = validate::host_bytes(one) / gib;
  const double there = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                       static_cast<double>(sysconf(_SC_PAGESIZE)) / gib;
  require(needed <= there, "{}: needs at least {:.1f} GiB of memory, this machine has {:.1f}",
          describe(one), needed, there);
}

/// Throws std::invalid_argument when something that was given on the command line would be dropped.
void require_heeded(const ValidateOptions& options, const validate::Case& one) {
  const std::string reason =
      validate::why_unheeded(one, [&](std::string_view option) { return options.given(option); });
  require(reason.empty(), "{}", reason);
  if (!validate::method_named(one.method).keys.rule.empty()) return;
  const bool some_rule = one.key_rule != prune::Rule::kNone || one.value_rule != prune::Rule::kNone;
  require(
      some_rule || one.requested_sparsity == 0 || !options.given("--sparsity"),
      "--sparsity: without a rule for keys or values nothing is pruned; leave it out, or choose "
      "--key-rule or --value-rule");
}

/// Throws std::invalid_argument when the rules do not have the sparsities, naming the options.
void require_sparsities(const ValidateOptions& options, const validate::Case& one) {
  if (!validate::method_named(one.method).keys.rule.empty()) return;  // whose own rule decides
  const auto require_side = [&](const char* option, prune::Rule rule, double sparsity) {
    if (rule != prune::Rule::kNone) prune::require_sparsity(option, rule, sparsity);
  };
  require_side("--sparsity", one.key_rule, one.requested_sparsity);
  require_side(options.value_sparsity ? "--value-sparsity" : "--sparsity", one.value_rule,
               one.requested_value_sparsity.value_or(one.requested_sparsity));
}

/// What to run; a file's cases share its tensors.
struct Selection {
  std::vector<validate::Case> cases;
  std::optional<inputs::KvTensors> file;
};

Selection select_cases(const ValidateOptions& options) {
  if (options.suite == "smoke") return {validate::suite_cases(validate::Suite::kSmoke), {}};
  if (options.suite == "full") return {validate::suite_cases(validate::Suite::kFull), {}};
  Selection selection;
  validate::Case one = options.one;
  one.value_type = options.dtype == "f16" ? ValueType::kF16 : ValueType::kBF16;
  if (!one.kv_file.empty()) selection.file = load_inputs(one);  // whose shapes become the case's
  one.key_rule = prune::rule_named(options.key_rule);
  one.value_rule = prune::rule_named(options.value_rule);
  const auto add = [&] {
    require_heeded(options, one);
    const validate::Case heeded = validate::method_named(one.method).heeded(one);
    check(heeded);
    require_memory(heeded);
    selection.cases.push_back(heeded);
  };
  if (options.kept) {
    one.requested_sparsity = effective_sparsity(one.head_dim, *options.kept);
    one.kept_keys = one.kept_values = *options.kept;
    add();
    return selection;
  }
  for (const double sparsity : options.sparsity) {
    set_sparsity(one, Operand::kKeys, sparsity);
    set_sparsity(one, Operand::kValues, options.value_sparsity.value_or(sparsity));
    require_sparsities(options, one);
    add();
  }
  return selection;
}

int run_validate(const ValidateOptions& options, const Invocation& invocation) {
  const Selection selection = select_cases(options);
  const std::vector<validate::Case>& cases = selection.cases;
  const std::unique_ptr<Device> device = open_device(options.backend);
  if (!options.json.empty()) require_writable(options.json);
  std::vector<validate::CaseResult> results;
  {
    Progress progress(static_cast<int>(cases.size()));
    for (const validate::Case& one : cases) {
      if (interrupted()) break;
      progress.step(describe(one));
      validate::Case loaded = one;
      const inputs::KvTensors drawn = selection.file ? inputs::KvTensors{} : load_inputs(loaded);
      const inputs::KvTensors& inputs = selection.file ? *selection.file : drawn;
      results.push_back(validate::validate(loaded, inputs, *device));
      check_rules(inputs, *device, results.back());
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
  if (options.suite.empty() && all_skipped(results)) {
    fmt::print(stderr, "kvroof: nothing was checked: {}\n", results.front().kernels.front().reason);
    return kExitNothingRan;
  }
  return exit_code(results);
}

}  // namespace

void add_validate_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "validate",
      "Check the kernels against the double-precision reference: one case, or a suite of them");
  auto options = std::make_shared<ValidateOptions>();
  options->command = command;
  add_backend_options(*command, options->backend);
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
