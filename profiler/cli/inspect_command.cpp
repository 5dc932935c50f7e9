// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "kernels/error.hpp"
#include "profiler/analysis/inspect.hpp"
#include "profiler/cli/cache_options.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/number_check.hpp"
#include "profiler/cli/output.hpp"

namespace kvroof::cli {
namespace {

struct InspectOptions {
  CacheOptions cache;
  analysis::InspectConfig config;
  std::string key_rule = "per_token_magnitude";
  std::string value_rule = "per_token_magnitude";
  double sparsity = 0.5;
  std::string csv, json;
};

analysis::SideRule rule_of(Operand side, const std::string& name, double sparsity) {
  const std::vector<prune::Rule> rules = rules_named(side, {name});
  require(rules.size() == 1, "inspect: shows one rule per side, got {}", name);
  const prune::Rule rule = rules.front();
  if (rule == prune::Rule::kNone) return {};
  prune::require_sparsity("--sparsity", rule, sparsity);
  return {rule, sparsity};
}

int run_inspect(InspectOptions& options) {
  require(options.csv != "-" || options.json != "-",
          "only one of --csv and --json can be - "
          "(stdout)");
  for (const std::string& path : {options.csv, options.json})
    if (!path.empty()) require_writable(path);
  analysis::InspectConfig& config = options.config;
  config.keys = rule_of(Operand::kKeys, options.key_rule, options.sparsity);
  config.values = rule_of(Operand::kValues, options.value_rule, options.sparsity);
  config.dense = options.cache.dense;
  config.num_scoring = options.cache.num_scoring;
  const inputs::KvTensors cache = load_cache(options.cache);
  const analysis::Inspection inspection = analysis::inspect(options.cache.source, cache, config);
  if (options.csv != "-" && options.json != "-")
    write_output("-", report::to_text(head_table(inspection)));
  if (!options.csv.empty()) write_output(options.csv, report::to_csv(line_table(inspection)));
  if (!options.json.empty()) write_output(options.json, inspect_json(inspection));
  return kExitOk;
}

}  // namespace

void add_inspect_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "inspect",
      "What pruning will meet in a cache: magnitudes per channel and token, outlier channels");
  auto options = std::make_shared<InspectOptions>();
  add_cache_options(*command, options->cache);
  command->add_option("--sequence", options->config.sequence, "The one to look at")
      ->capture_default_str();
  command
      ->add_option("--outlier-ratio", options->config.outlier_ratio,
                   "A channel is an outlier from this many times the median channel's mean on")
      ->check(number_in(1e-6, 1e6))
      ->capture_default_str();
  command->add_option("--keys", options->key_rule, "Rule behind the mask of the keys")
      ->capture_default_str();
  command->add_option("--values", options->value_rule, "Rule behind the mask of the values")
      ->capture_default_str();
  command->add_option("--sparsity", options->sparsity, "Share of the prunable elements to prune")
      ->capture_default_str();
  command
      ->add_option("--tokens-per-cell", options->config.tokens_per_cell,
                   "Tokens that share a row of the picture in --json; 0: at most 256 rows")
      ->check(number_in(0, 1 << 30))
      ->capture_default_str();
  command->add_option("--csv", options->csv,
                      "Also write every channel and token as CSV to this file; - : to stdout, "
                      "instead of the table");
  command->add_option("--json", options->json,
                      "Also write statistics and pictures, for kvroof-view, as JSON to this file; "
                      "- : to stdout, instead of the table");
  command->callback([options, &invocation] { invocation.exit_code = run_inspect(*options); });
}

}  // namespace kvroof::cli
