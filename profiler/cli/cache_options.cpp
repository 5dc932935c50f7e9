// SPDX-License-Identifier: Apache-2.0
#include "profiler/cli/cache_options.hpp"

#include <CLI/CLI.hpp>

#include "kernels/error.hpp"
#include "profiler/cli/number_check.hpp"

namespace kvroof::cli {

CacheOptions::CacheOptions() {
  source.synthetic.query_heads = 8;
  source.synthetic.kv_heads = 2;
  source.synthetic.kv_len = 2048;
  source.synthetic.seed = 1;
}

void add_cache_options(CLI::App& command, CacheOptions& options) {
  inputs::SyntheticConfig& shape = options.source.synthetic;
  CLI::Option* file =
      command.add_option("--kv", options.source.file,
                         "safetensors file with keys, values and perhaps queries; else synthetic");
  constexpr double most = 1 << 30;
  const auto count = [&](const char* name, std::int64_t& value, const char* help) {
    return command.add_option(name, value, help)->check(number_in(1, most))->capture_default_str();
  };
  for (CLI::Option* option : {count("--batch", shape.batch, "Sequences"),
                              count("--kv-heads", shape.kv_heads, "Heads of the cache"),
                              count("--head-dim", shape.head_dim, "Channels of a head"),
                              count("--kv-len", shape.kv_len, "Tokens in the cache")})
    option->excludes(file);
  count("--query-heads", shape.query_heads,
        "Heads of the query, a multiple of the heads of the cache; a file's own replace it");
  command.add_option("--dtype", options.dtype, "f16 or bf16")
      ->check(CLI::IsMember({"f16", "bf16"}))
      ->capture_default_str();
  constexpr double most_seed = 9007199254740992.0;  // 2^53: a double counts no further
  command.add_option("--seed", shape.seed, "Of the synthetic cache and of drawn queries")
      ->check(number_in(0, most_seed))
      ->capture_default_str();
  command
      .add_option("--outlier-strength", shape.outlier_strength,
                  "Of the synthetic keys' strong channels; 0: none")
      ->excludes(file)
      ->capture_default_str();
  command.add_option("--window", options.dense.window, "Most recent tokens that stay dense")
      ->check(number_in(0, most))
      ->capture_default_str();
  command.add_option("--sinks", options.dense.sinks, "First tokens that stay dense")
      ->check(number_in(0, most))
      ->capture_default_str();
  command
      .add_option("--scoring-queries", options.num_scoring,
                  "Queries per head that output-aware rules and ThinK look at")
      ->check(number_in(1, most))
      ->capture_default_str();
}

inputs::KvTensors load_cache(CacheOptions& options) {
  options.source.synthetic.dtype =
      options.dtype == "f16" ? inputs::Dtype::kF16 : inputs::Dtype::kBF16;
  return analysis::load_cache(options.source);
}

std::vector<prune::Rule> rules_named(Operand side, const std::vector<std::string>& names) {
  std::vector<prune::Rule> rules;
  for (const std::string& name : names) {
    if (name == "all") {
      const std::vector<prune::Rule> all = prune::rules_of(side);
      rules.insert(rules.end(), all.begin(), all.end());
    } else {
      rules.push_back(prune::rule_named(name));
      require(prune::applies_to(rules.back(), side), "{} is no rule for {}", name,
              side == Operand::kKeys ? "keys" : "values");
    }
  }
  return rules;
}

}  // namespace kvroof::cli
