// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/plan_table.hpp"

namespace kvroof::sweep {
namespace {

using report::Missing;
using report::Value;

Value text_or_missing(const std::string& text) {
  return text.empty() ? Value(Missing{}) : Value(text);
}

std::vector<Value> row(const Planned& planned, std::optional<double> seconds_per_cost) {
  const validate::Case& one = planned.configuration.one;
  const bool runs = planned.fit.skip_reason.empty();
  const auto known = [&](auto value) { return runs ? Value(value) : Value(Missing{}); };
  return {planned.configuration.kernel,
          text_or_missing(planned.configuration.model),
          std::int64_t{one.query_heads},
          std::int64_t{one.kv_heads},
          std::int64_t{one.head_dim},
          std::string(to_string(one.value_type)),
          std::int64_t{one.batch},
          std::int64_t{one.max_kv_len()},
          std::int64_t{one.window},
          one.requested_sparsity,
          known(std::int64_t{one.kept_keys}),
          std::int64_t{one.blocks},
          one.outlier_strength,
          static_cast<std::int64_t>(one.seed),
          known(planned.fit.resources.plan),
          known(static_cast<std::int64_t>(planned.fit.memory.device)),
          known(static_cast<std::int64_t>(planned.fit.memory.host)),
          runs && seconds_per_cost ? Value(planned.cost * *seconds_per_cost) : Value(Missing{}),
          text_or_missing(planned.fit.skip_reason)};
}

}  // namespace

report::Table plan_table(const std::vector<Planned>& plan, std::optional<double> seconds_per_cost) {
  constexpr double mib = 1024.0 * 1024.0;
  report::Table table{.caption = "Plan",
                      .columns = {{"kernel", "kernel"},
                                  {"model", "model"},
                                  {"query_heads", "q heads"},
                                  {"kv_heads", "kv heads"},
                                  {"head_dim", "head dim"},
                                  {"dtype", "dtype"},
                                  {"batch", "batch"},
                                  {"kv_len", "kv len"},
                                  {"window", "window"},
                                  {"sparsity", "sparsity"},
                                  {"kept", "kept"},
                                  {"blocks", "blocks"},
                                  {"outlier_strength", "outliers"},
                                  {"seed", "seed"},
                                  {"plan", "plan"},
                                  {"device_bytes", "device MiB", mib},
                                  {"host_bytes", "host MiB", mib},
                                  {"estimated_seconds", "about s"},
                                  {"skip_reason", "skipped because"}}};
  for (const Planned& planned : plan) table.rows.push_back(row(planned, seconds_per_cost));
  return table;
}

}  // namespace kvroof::sweep
