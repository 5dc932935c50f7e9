// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "profiler/report/table.hpp"
#include "profiler/report/trace_tables.hpp"

namespace kvroof::report {

/// Sparse decode against its rivals on one problem. Times in ns.
struct CrossoverPoint {
  std::string kernel{};
  std::string origin{};  // of all times: "measured", "modelled"
  std::string dtype{};
  std::int64_t query_heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t batch = 0, kv_len = 0;
  double sparsity = 0;  // as asked for
  double sparse_ns = 0;
  std::optional<double> dense_ns{};
  std::optional<double> two_four_ns{};
};

/// The points that records hold: every passed sparse attention with a time, beside the fastest
/// dense and the fastest 2:4 attention of the same problem, device and origin of the time. Sorted
/// by problem and sparsity.
std::vector<CrossoverPoint> crossover_points(const std::vector<DeviceRecord>& records);

/// A row per point with times and speed-ups; the notes say for each problem from which sparsity on
/// sparse decode is faster, and by how much at most.
Table crossover_table(const std::string& device, const std::vector<CrossoverPoint>& points);

}  // namespace kvroof::report
