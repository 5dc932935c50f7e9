// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "profiler/report/compare.hpp"
#include "profiler/report/record_fields.hpp"

namespace kvroof::report {
namespace {

/// What a comparison found, behind the columns of its configuration.
std::vector<Column> comparison_columns() {
  return {{"verdict", "verdict"},
          {"base_ns", "base us", kNsPerUs},
          {"new_ns", "new us", kNsPerUs},
          {"change_percent", "change %"},
          {"p", "p"},
          {"superiority", "P(slower)"},
          {"differences", "exact differences"},
          {"largest_difference", "largest"},
          {"largest_percent", "largest %"},
          {"why", "why"}};
}

std::vector<Value> comparison_values(const Compared& compared) {
  const std::optional<TimeComparison>& time = compared.time;
  const Difference* largest =
      compared.differences.empty() ? nullptr : &compared.differences.front();
  return {std::string(name_of(compared.verdict)),
          time ? Value(time->base_ns) : Value(Missing{}),
          time ? Value(time->next_ns) : Value(Missing{}),
          time ? Value(time->percent) : Value(Missing{}),
          time ? if_known(time->p) : Value(Missing{}),
          time ? if_known(time->superiority) : Value(Missing{}),
          static_cast<std::int64_t>(compared.differences.size()),
          largest ? Value(largest->name) : Value(Missing{}),
          largest ? Value(largest->percent()) : Value(Missing{}),
          text_or_missing(compared.why)};
}

}  // namespace

Table comparison_table(const Comparison& comparison) {
  std::vector<DeviceRecord> bases;
  for (const Compared& compared : comparison.matched) bases.push_back(compared.base);
  Table table = make_table("Comparison", bases, configuration_fields(bases));
  for (const Column& column : comparison_columns()) table.columns.push_back(column);
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    for (Value& value : comparison_values(comparison.matched[i]))
      table.rows[i].push_back(std::move(value));
  }
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
