// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "profiler/report/compare.hpp"

namespace kvroof::report {
namespace {

Value if_known(std::optional<double> value) { return value ? Value(*value) : Value(Missing{}); }

std::vector<Column> comparison_columns() {
  constexpr double ns_per_us = 1000;
  return {{"kernel", "kernel"},
          {"model", "model"},
          {"query_heads", "q heads"},
          {"kv_heads", "kv heads"},
          {"head_dim", "head dim"},
          {"dtype", "dtype"},
          {"batch", "batch"},
          {"kv_len", "kv len"},
          {"window", "window"},
          {"sparsity", "sparsity"},
          {"seed", "seed"},
          {"axes", "axes"},
          {"verdict", "verdict"},
          {"base_ns", "base us", ns_per_us},
          {"new_ns", "new us", ns_per_us},
          {"change_percent", "change %"},
          {"p", "p"},
          {"superiority", "P(slower)"},
          {"differences", "exact differences"},
          {"largest_difference", "largest"},
          {"largest_percent", "largest %"},
          {"why", "why"}};
}

std::vector<Value> comparison_row(const Compared& compared) {
  const traces::Problem& problem = compared.base.problem;
  std::vector<std::string> axes;
  for (const auto& [name, value] : compared.base.axes)
    axes.push_back(fmt::format("{}={}", name, value));
  const auto text = [](const std::string& value) {
    return value.empty() ? Value(Missing{}) : Value(value);
  };
  const std::optional<TimeComparison>& time = compared.time;
  const Difference* largest =
      compared.differences.empty() ? nullptr : &compared.differences.front();
  return {compared.base.kernel.name,
          text(problem.model.value_or("")),
          problem.query_heads,
          problem.kv_heads,
          problem.head_dim,
          problem.dtype,
          problem.batch,
          problem.kv_len,
          problem.window,
          problem.keys.requested_sparsity,
          static_cast<std::int64_t>(problem.seed),
          text(fmt::format("{}", fmt::join(axes, " "))),
          std::string(name_of(compared.verdict)),
          time ? Value(time->base_ns) : Value(Missing{}),
          time ? Value(time->next_ns) : Value(Missing{}),
          time ? Value(time->percent) : Value(Missing{}),
          time ? if_known(time->p) : Value(Missing{}),
          time ? if_known(time->superiority) : Value(Missing{}),
          static_cast<std::int64_t>(compared.differences.size()),
          largest ? Value(largest->name) : Value(Missing{}),
          largest ? Value(largest->percent()) : Value(Missing{}),
          text(compared.why)};
}

}  // namespace

Table comparison_table(const Comparison& comparison) {
  Table table{.caption = "Comparison", .columns = comparison_columns()};
  for (const Compared& compared : comparison.matched)
    table.rows.push_back(comparison_row(compared));
  table.notes.push_back(fmt::format("{} configurations in both, {} only in base, {} only in new.",
                                    comparison.matched.size(), comparison.only_in_base.size(),
                                    comparison.only_in_next.size()));
  table.notes.push_back(
      "Simulated and modelled numbers are compared exactly. Measured times: Mann-Whitney U, two "
      "sided, p adjusted by Holm for the number of configurations; P(slower): share of pairs of "
      "samples in which new is slower, 0.5 when alike.");
  return table;
}

}  // namespace kvroof::report
