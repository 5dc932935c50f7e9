// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "kernels/error.hpp"
#include "kernels/simt/simulator.hpp"
#include "profiler/analysis/fidelity_report.hpp"
#include "profiler/cli/cache_options.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/number_check.hpp"
#include "profiler/cli/output.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/sweep/record.hpp"
#include "traces/write.hpp"

namespace kvroof::cli {
namespace {

struct FidelityOptions {
  CacheOptions cache;
  std::vector<std::string> key_rules = {"per_token_magnitude", "think"};
  std::vector<std::string> value_rules = {"none"};
  std::vector<double> sparsities = {0.5, 0.7};
  std::vector<double> value_sparsities;  // empty: those of the keys
  std::vector<std::string> formats = {"lane_chunk", "mustafar_tiles", "reduced_channels", "n_of_m"};
  analysis::FidelityConfig config;
  bool per_head = false;
  bool list = false;
  std::string trace;
  TableOutput output;
};

/// A line on stderr about rules that a list asks for and that do not have one of its sparsities.
/// Throws std::invalid_argument where one rule alone is asked for, at sparsities it does not have.
void note_left_out(const char* option, const std::vector<prune::Rule>& rules,
                   const std::vector<double>& sparsities) {
  if (rules.size() == 1 && rules.front() != prune::Rule::kNone && sparsities.size() == 1)
    prune::require_sparsity(option, rules.front(), sparsities.front());
  for (const double sparsity : sparsities) {
    std::vector<std::string_view> names;
    for (const prune::Rule rule : rules)
      if (rule != prune::Rule::kNone && !has_sparsity(rule, sparsity))
        names.push_back(to_string(rule));
    if (!names.empty())
      fmt::print(stderr, "kvroof: {}: {} left out at {}: N:M prunes a half\n", option,
                 fmt::join(names, ", "), sparsity);
  }
}

/// Every key rule with every value rule, each pair once.
std::vector<std::pair<analysis::SideRule, analysis::SideRule>> rule_pairs(
    const FidelityOptions& options) {
  const auto keys = rules_named(Operand::kKeys, options.key_rules);
  const auto values = rules_named(Operand::kValues, options.value_rules);
  note_left_out("--sparsity", keys, options.sparsities);
  const bool apart = !options.value_sparsities.empty();
  note_left_out(apart ? "--value-sparsity" : "--sparsity", values,
                apart ? options.value_sparsities : options.sparsities);
  std::vector<std::pair<analysis::SideRule, analysis::SideRule>> pairs;
  for (const double sparsity : options.sparsities) {
    const std::vector<double> value_sparsities =
        options.value_sparsities.empty() ? std::vector{sparsity} : options.value_sparsities;
    for (const double value_sparsity : value_sparsities) {
      for (const auto& key_rule : analysis::side_rules(Operand::kKeys, keys, sparsity)) {
        for (const auto& value_rule :
             analysis::side_rules(Operand::kValues, values, value_sparsity)) {
          const std::pair pair(key_rule, value_rule);
          if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end()) pairs.push_back(pair);
        }
      }
    }
  }
  require(!pairs.empty(),
          "fidelity: no rule is left; N:M rules prune a half, and no sparsity "
          "asked for is 0.5");
  return pairs;
}

std::vector<analysis::Format> formats_named(const std::vector<std::string>& names) {
  if (names == std::vector<std::string>{"all"}) return analysis::all_formats();
  std::vector<analysis::Format> formats;
  for (const std::string& name : names) formats.push_back(analysis::format_named(name));
  return formats;
}

/// What survives by each rule, for every sparsity: the table of docs/kernels/prune.md.
report::Table count_table(int head_dim) {
  constexpr double sparsities[] = {0, 0.5, 0.7, 0.8, 0.9, 0.99};
  report::Table table{
      .caption = fmt::format("Kept of the entries that compete, head_dim {}", head_dim),
      .columns = {{"rule", "rule"}, {"sides", "for"}, {"of", "of"}}};
  for (const double sparsity : sparsities)
    table.columns.push_back({fmt::format("kept_{}", sparsity), fmt::format("{}", sparsity)});
  for (const prune::Rule rule : prune::all_rules()) {
    const bool keys = applies_to(rule, Operand::kKeys);
    const bool values = applies_to(rule, Operand::kValues);
    std::vector<report::Value> row = {std::string(to_string(rule)),
                                      keys && values ? "keys, values"
                                      : keys         ? "keys"
                                                     : "values",
                                      std::int64_t{kept_count(rule, head_dim, 0).of}};
    for (const double sparsity : sparsities) {
      const bool kept = rule == prune::Rule::kNone || has_sparsity(rule, sparsity);
      row.push_back(kept ? report::Value(std::int64_t{kept_count(rule, head_dim, sparsity).kept})
                         : report::Value(report::Missing{}));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

void write_trace(const std::string& path, const std::vector<traces::Record>& records,
                 const std::vector<std::string>& argv) {
  traces::Writer writer(path);
  traces::Environment environment = sweep::describe_run(simt::Simulator(), argv);
  environment.device = {.name = "none: double precision on the host"};
  const std::string id = writer.declare(environment);
  for (traces::Record record : records) {
    record.environment_id = id;
    record.utc_time = sweep::utc_now();
    writer.append(record);
  }
}

int run_fidelity(FidelityOptions& options, const Invocation& invocation) {
  require_usable(options.output);
  if (options.list) {
    const report::Table table =
        count_table(static_cast<int>(options.cache.source.synthetic.head_dim));
    write_tables({{table}, table, "rules"}, options.output);
    return kExitOk;
  }
  if (!options.trace.empty()) require_writable(options.trace);
  analysis::FidelityConfig& config = options.config;
  config.rules = rule_pairs(options);
  config.formats = formats_named(options.formats);
  config.dense = options.cache.dense;
  config.num_scoring = options.cache.num_scoring;
  const inputs::KvTensors cache = load_cache(options.cache);
  const analysis::Queries queries =
      load_queries(options.cache.source, cache, config.num_scoring, config.num_evaluation);
  std::vector<analysis::FidelityResult> results;
  {
    Progress progress(static_cast<int>(cache.batch * cache.kv_heads));
    results = measure_fidelity(cache, queries, config, [&] {
      progress.step("head");
      return !interrupted();
    });
  }
  if (interrupted()) return kExitInterrupted;
  const analysis::FidelitySetting setting{.source = options.cache.source,
                                          .config = config,
                                          .batch = cache.batch,
                                          .query_heads = queries.query_heads,
                                          .kv_heads = cache.kv_heads,
                                          .kv_len = cache.kv_len,
                                          .head_dim = cache.head_dim};
  report::Table shown = fidelity_table(results, setting, options.per_head);
  shown.notes = {queries.origin,
                 fmt::format("Means over queries, in double precision; top-p recall at p = {}. {} "
                             "sinks and a window of {} tokens stay dense.",
                             config.top_p, config.dense.sinks, config.dense.window)};
  fold_constant_columns(shown);
  write_tables({{shown}, fidelity_table(results, setting, true), "results"}, options.output);
  if (!options.trace.empty())
    write_trace(options.trace, fidelity_records(results, setting), invocation.argv);
  return kExitOk;
}

void add_rule_options(CLI::App& command, FidelityOptions& options) {
  const auto list = [&](const char* name, auto& values, const char* help) {
    return command.add_option(name, values, help)->delimiter(',');
  };
  list("--keys", options.key_rules,
       "Rules for keys, comma-separated; all: every one, none included")
      ->default_str("per_token_magnitude,think");
  list("--values", options.value_rules,
       "Rules for values, likewise; each is paired with each of "
       "--keys")
      ->default_str("none");
  list("--sparsity", options.sparsities,
       "Shares of the prunable elements to prune; N:M rules have 0.5 only")
      ->default_str("0.5,0.7");
  list("--value-sparsity", options.value_sparsities,
       "Of the values, each combined with each of --sparsity; without it both sides have the same");
  list("--formats", options.formats,
       "Formats whose size stands beside, where they can hold the "
       "masks; all: every one")
      ->default_str("lane_chunk,mustafar_tiles,reduced_channels,n_of_m");
}

}  // namespace

void add_fidelity_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "fidelity",
      "What pruning rules lose, and what they save: attention over the pruned cache against the "
      "dense one, in double precision, beside bytes per token");
  auto options = std::make_shared<FidelityOptions>();
  add_cache_options(*command, options->cache);
  add_rule_options(*command, *options);
  command
      ->add_option("--evaluation-queries", options->config.num_evaluation,
                   "Queries per head that judge; rules never see them")
      ->check(number_in(1, 1 << 20))
      ->capture_default_str();
  command
      ->add_option("--top-p", options->config.top_p,
                   "Share of the attention that the tokens of top-p recall hold")
      ->check(number_in(0, 1))
      ->capture_default_str();
  command->add_flag("--list", options->list,
                    "Only list the rules and how many entries each keeps at a sparsity");
  command->add_flag("--per-head", options->per_head,
                    "A line per kv head too; CSV and JSON always "
                    "have them");
  command->add_option("-o,--output", options->trace,
                      "Also append to this trace, for kvroof-view's fidelity chart");
  add_table_options(*command, options->output);
  command->callback(
      [options, &invocation] { invocation.exit_code = run_fidelity(*options, invocation); });
}

}  // namespace kvroof::cli
