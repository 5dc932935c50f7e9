// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/fidelity_report.hpp"

#include <fmt/format.h>

namespace kvroof::analysis {
namespace {

constexpr std::int64_t kElementBytes = 2;

std::int64_t dense_bytes(const FidelitySetting& setting) {
  return 2 * setting.batch * setting.kv_heads * setting.kv_len * setting.head_dim * kElementBytes;
}

std::vector<report::Value> cells(const FidelityResult& result, const FidelityResult::Size& size,
                                 const FidelitySetting& setting, const report::Value& kv_head,
                                 const Fidelity& fidelity) {
  const auto bytes = static_cast<double>(size.keys.total() + size.values.total());
  return {std::string(to_string(result.keys.rule)),
          result.keys.sparsity,
          result.kept_keys,
          std::string(to_string(result.values.rule)),
          result.values.sparsity,
          result.kept_values,
          std::string(to_string(size.format)),
          bytes / static_cast<double>(setting.batch * setting.kv_len),
          bytes / static_cast<double>(dense_bytes(setting)),
          kv_head,
          fidelity.output_relative_error,
          fidelity.output_cosine,
          fidelity.attention_kl,
          fidelity.attention_top_p_recall};
}

void add_metrics(const Fidelity& fidelity, const std::string& suffix,
                 std::map<std::string, traces::Counter>& counters) {
  const auto add = [&](const char* name, double value) {
    counters[name + suffix] = {
        .value = value, .unit = "1", .provenance = traces::Provenance::modelled};
  };
  add("output_relative_error", fidelity.output_relative_error);
  add("output_cosine", fidelity.output_cosine);
  add("attention_kl_divergence", fidelity.attention_kl);
  add("attention_top_p_recall", fidelity.attention_top_p_recall);
}

traces::PrunedSide pruned_side(const SideRule& rule, double kept_share, std::int64_t num_kept,
                               std::int64_t num_dense, Format format) {
  const bool pruned = rule.rule != prune::Rule::kNone;
  return {.requested_sparsity = rule.sparsity,
          .effective_sparsity = 1 - kept_share,
          .kept = num_kept + num_dense,
          .rule = std::string(to_string(rule.rule)),
          .format = std::string(to_string(pruned ? format : Format::kDense))};
}

traces::Problem problem_of(const FidelityResult& result, Format format,
                           const FidelitySetting& setting) {
  const DenseTokens& dense = setting.config.dense;
  const std::int64_t dense_tokens =
      setting.kv_len -
      prune::prunable_tokens(static_cast<int>(setting.kv_len), dense.sinks, dense.window);
  const std::int64_t num_dense = setting.batch * setting.kv_heads * dense_tokens * setting.head_dim;
  const bool synthetic = setting.source.file.empty();
  return {
      .batch = setting.batch,
      .query_heads = setting.query_heads,
      .kv_heads = setting.kv_heads,
      .head_dim = setting.head_dim,
      .kv_len = setting.kv_len,
      .window = dense.window,
      .dtype = std::string(inputs::to_string(setting.source.synthetic.dtype)),
      .keys = pruned_side(result.keys, result.kept_keys, result.num_kept_keys, num_dense, format),
      .values =
          pruned_side(result.values, result.kept_values, result.num_kept_values, num_dense, format),
      .seed = setting.source.synthetic.seed,
      .input = synthetic
                   ? fmt::format("synthetic:outliers={}", setting.source.synthetic.outlier_strength)
                   : setting.source.file};
}

traces::Bytes bytes_of(const FidelityResult::Size& size, const FidelitySetting& setting) {
  const auto count = [](std::int64_t bytes) { return static_cast<std::uint64_t>(bytes); };
  return {.key_values = count(size.keys.values),
          .value_values = count(size.values.values),
          .key_bitmaps = count(size.keys.bitmaps),
          .value_bitmaps = count(size.values.bitmaps),
          .indices = count(size.keys.indices + size.values.indices),
          .padding = count(size.keys.padding + size.values.padding),
          .window = count(size.keys.window + size.values.window),
          .dense = count(dense_bytes(setting)),
          .provenance = traces::Provenance::modelled};
}

}  // namespace

report::Table fidelity_table(const std::vector<FidelityResult>& results,
                             const FidelitySetting& setting, bool per_head) {
  report::Table table{
      .caption = fmt::format("{}: {} x {}/{} heads x {} tokens x {}", describe(setting.source),
                             setting.batch, setting.query_heads, setting.kv_heads, setting.kv_len,
                             setting.head_dim),
      .columns = {{"key_rule", "keys"},
                  {"key_sparsity", "sparsity"},
                  {"key_kept_share", "kept"},
                  {"value_rule", "values"},
                  {"value_sparsity", "sparsity"},
                  {"value_kept_share", "kept"},
                  {"format", "format"},
                  {"bytes_per_token", "B/token"},
                  {"share_of_dense_bytes", "of dense"},
                  {"kv_head", "head"},
                  {"output_relative_error", "output error"},
                  {"output_cosine", "output cosine"},
                  {"attention_kl_divergence", "KL, nats"},
                  {"attention_top_p_recall", "top-p recall"}}};
  for (const FidelityResult& result : results) {
    for (const FidelityResult::Size& size : result.sizes) {
      table.rows.push_back(cells(result, size, setting, report::Missing{"all"}, result.overall));
      for (std::size_t head = 0; per_head && head < result.heads.size(); ++head) {
        table.rows.push_back(
            cells(result, size, setting, static_cast<std::int64_t>(head), result.heads[head]));
      }
    }
  }
  return table;
}

std::vector<traces::Record> fidelity_records(const std::vector<FidelityResult>& results,
                                             const FidelitySetting& setting) {
  std::vector<traces::Record> records;
  for (const FidelityResult& result : results) {
    for (const FidelityResult::Size& size : result.sizes) {
      traces::Record record;
      record.kernel.name = "fidelity";
      record.problem = problem_of(result, size.format, setting);
      record.axes["sinks"] = fmt::format("{}", setting.config.dense.sinks);
      record.bytes = bytes_of(size, setting);
      add_metrics(result.overall, "", record.fidelity);
      for (std::size_t head = 0; head < result.heads.size(); ++head)
        add_metrics(result.heads[head], fmt::format("_head_{}", head), record.fidelity);
      record.counters_reason = "nothing ran: attention was computed in double precision";
      records.push_back(std::move(record));
    }
  }
  return records;
}

}  // namespace kvroof::analysis
