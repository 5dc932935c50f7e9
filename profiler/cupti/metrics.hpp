// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvroof::cupti {

/// One counter of a record. Where the simulator counts the same thing it has the same name. None
/// is a share or a rate of the range: that lasts from before the launch until the host has waited
/// for it, many times as long as the kernel.
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

/// Says why a chip does not count a metric beside others, "" where it does.
using Refusal =
    std::function<std::string(const std::string& metric, const std::vector<std::string>& beside)>;

/// Chooses for every row the first candidate without a refusal, then the metrics of `extra`, whose
/// name is their own and whose unit is unit_of() them. Each is asked for beside those chosen so
/// far.
std::vector<ResolvedMetric> resolve(std::span<const std::string> extra, const Refusal& refusal,
                                    const std::function<std::string(const std::string&)>& unit_of);

/// The metrics to schedule: those that were found.
std::vector<std::string> found_metrics(std::span<const ResolvedMetric> resolved);

}  // namespace kvroof::cupti
