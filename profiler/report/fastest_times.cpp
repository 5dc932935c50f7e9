// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/fastest_times.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "profiler/report/record_fields.hpp"

namespace kvroof::report {
namespace {

bool stored_dense(const traces::PrunedSide& side) {
  return side.requested_sparsity == 0 && (side.format.empty() || side.format == "dense");
}

/// Equal for records that solve the same problem on the same device with times of the same origin.
std::string problem_key(const DeviceRecord& record) {
  const traces::Problem& problem = record.problem;
  return fmt::format("{}/{}/{}/{}/{}/{}/{}/{}", record.device,
                     name_of(record.times.front().provenance), problem.dtype, problem.batch,
                     problem.query_heads, problem.kv_heads, problem.head_dim, problem.kv_len);
}

}  // namespace

bool is_dense(const traces::Record& record) {
  return stored_dense(record.problem.keys) && stored_dense(record.problem.values);
}

FastestTimes::FastestTimes(const std::vector<DeviceRecord>& records,
                           bool (*chosen)(const traces::Record&)) {
  for (const DeviceRecord& record : records) {
    const std::optional<double> time_ns = shown_time_ns(record);
    if (!time_ns || record.status != traces::Status::passed || !chosen(record)) continue;
    const auto [place, added] = times_ns_.try_emplace(problem_key(record), *time_ns);
    if (!added) place->second = std::min(place->second, *time_ns);
  }
}

std::optional<double> FastestTimes::of_problem(const DeviceRecord& record) const {
  if (!shown_time_ns(record)) return std::nullopt;
  const auto found = times_ns_.find(problem_key(record));
  return found == times_ns_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> FastestTimes::over(const DeviceRecord& record) const {
  const std::optional<double> fastest = of_problem(record);
  return fastest ? std::optional(*fastest / *shown_time_ns(record)) : std::nullopt;
}

}  // namespace kvroof::report
