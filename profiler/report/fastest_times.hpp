// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "profiler/report/trace_tables.hpp"

namespace kvroof::report {

/// Whether nothing of the cache was pruned and it is stored dense.
bool is_dense(const traces::Record& record);

/// The fastest time of each problem, device and origin of the time (measured, modelled), of those
/// passed records for which `chosen` holds.
class FastestTimes {
 public:
  FastestTimes(const std::vector<DeviceRecord>& records, bool (*chosen)(const traces::Record&));

  /// In ns, of the problem, device and origin of `record`. Nothing when it has no time, or nobody
  /// else has.
  std::optional<double> of_problem(const DeviceRecord& record) const;
  /// That over the time of `record`.
  std::optional<double> over(const DeviceRecord& record) const;

 private:
  std::map<std::string, double> times_ns_;
};

}  // namespace kvroof::report
