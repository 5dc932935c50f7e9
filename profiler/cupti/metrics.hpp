// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvroof::cupti {

/// One counter of a record. Where the simulator counts the same thing it has the same name.
struct MetricRow {
  std::string_view name;     // in records
  std::string_view unit;     // as records spell it
  std::string_view meaning;  // a phrase for people
  // CUPTI metrics that give it, best first: chips differ in which they have
  std::vector<std::string_view> candidates;
};

/// The counters that every sweep collects.
const std::vector<MetricRow>& metric_rows();

/// A counter with the metric that this chip offers for it.
struct ResolvedMetric {
  std::string name;
  std::string unit;
  std::string metric;  // "" when the chip has none of them; `reason` says so
  std::string reason;
};

/// Chooses for every row the first candidate that `knows`, then the metrics of `extra`, whose name
/// is their own and whose unit is unit_of() them.
std::vector<ResolvedMetric> resolve(std::span<const std::string> extra,
                                    const std::function<bool(const std::string&)>& knows,
                                    const std::function<std::string(const std::string&)>& unit_of);

/// The metrics to schedule: those that were found.
std::vector<std::string> found_metrics(std::span<const ResolvedMetric> resolved);

}  // namespace kvroof::cupti
