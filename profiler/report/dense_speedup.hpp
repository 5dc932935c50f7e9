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

/// Times of dense runs: the fastest of each problem, device and origin of the time.
class DenseTimes {
 public:
  explicit DenseTimes(const std::vector<DeviceRecord>& records);

  /// Time of the dense run of the same problem on the same device, from the same origin (measured,
  /// modelled), over that of `record`. Nothing when one of the two is not known.
  std::optional<double> over(const DeviceRecord& record) const;

 private:
  std::map<std::string, double> times_ns_;
};

}  // namespace kvroof::report
