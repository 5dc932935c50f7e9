// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/error.hpp"

namespace kvroof::analysis {
namespace {

std::string describe(const InspectConfig& config) {
  const auto side = [](const char* name, const SideRule& rule) {
    return fmt::format("{}: {} at {}", name, to_string(rule.rule), rule.sparsity);
  };
  return fmt::format("{}; {}; {} sinks and a window of {} dense", side("keys", config.keys),
                     side("values", config.values), config.dense.sinks, config.dense.window);
}

std::int64_t choose_tokens_per_cell(std::int64_t kv_len, std::int64_t wanted) {
  constexpr std::int64_t most_rows = 256;
  return wanted > 0 ? wanted : (kv_len + most_rows - 1) / most_rows;
}

InspectedHead inspect_head(Operand side, std::int64_t kv_head, const reference::Matrix& rows,
                           const reference::Mask& mask, const InspectConfig& config,
                           std::int64_t tokens_per_cell) {
  return {.side = side,
          .kv_head = kv_head,
          .magnitudes = measure_magnitudes(rows, config.outlier_ratio),
          .kept_share = static_cast<double>(mask.count()) / static_cast<double>(mask.size()),
          .cells = magnitude_cells(rows, tokens_per_cell),
          .kept_share_cells = kept_cells(mask, tokens_per_cell)};
}

}  // namespace

Inspection inspect(const CacheSource& source, const inputs::KvTensors& cache,
                   const InspectConfig& config) {
  require(config.sequence >= 0 && config.sequence < cache.batch,
          "inspect: sequence must be 0 to {}, got {}", cache.batch - 1, config.sequence);
  require(config.outlier_ratio > 0, "inspect: the outlier ratio must be above 0, got {}",
          config.outlier_ratio);
  const Queries queries = load_queries(source, cache, config.num_scoring, 1);
  const std::int64_t group = queries.query_heads / cache.kv_heads;
  Inspection result{
      .source = analysis::describe(source),
      .rule = describe(config),
      .kv_len = cache.kv_len,
      .tokens_per_cell = choose_tokens_per_cell(cache.kv_len, config.tokens_per_cell)};
  std::vector<InspectedHead> values;
  for (std::int64_t head = 0; head < cache.kv_heads; ++head) {
    const std::int64_t row = config.sequence * cache.kv_heads + head;
    const auto keys = head_rows(cache.keys, row, cache.kv_len, cache.head_dim);
    const auto value_rows = head_rows(cache.values, row, cache.kv_len, cache.head_dim);
    const Scoring scoring = make_scoring(
        keys, head_rows(queries.scoring, row * group, queries.num_scoring, cache.head_dim, group));
    const auto add = [&](Operand side, const reference::Matrix& rows, const SideRule& rule,
                         std::vector<InspectedHead>& heads) {
      const auto mask = prune_head(rule, side, rows, scoring, config.dense);
      heads.push_back(inspect_head(side, head, rows, mask, config, result.tokens_per_cell));
    };
    add(Operand::kKeys, keys, config.keys, result.heads);
    add(Operand::kValues, value_rows, config.values, values);
  }
  std::move(values.begin(), values.end(), std::back_inserter(result.heads));
  return result;
}

}  // namespace kvroof::analysis
