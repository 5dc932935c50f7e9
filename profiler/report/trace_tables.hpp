// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "profiler/report/table.hpp"
#include "traces/trace.hpp"

namespace kvroof::report {

/// A record, the device that ran it, or that the simulator stood in for, and its roofs.
struct DeviceRecord : traces::Record {
  std::string device;
  std::shared_ptr<const traces::Ceilings> ceilings{};  // nullptr when none are known
};

/// The latest record of every configuration on every device, in the order in which the
/// configurations first came.
std::vector<DeviceRecord> latest_records(const traces::Trace& trace);

/// What was run and what came of it: a row per record with configuration, status, time or why there
/// is none, compression, traffic and agreement with the reference.
Table results_table(const std::vector<DeviceRecord>& records);

/// Bytes of a decode step by part.
Table bytes_table(const std::vector<DeviceRecord>& records);

/// What the kernel did: the counters that tables in papers show.
Table counters_table(const std::vector<DeviceRecord>& records);

/// All of the above and every counter in one row per record, for programs.
Table wide_table(const std::vector<DeviceRecord>& records);

}  // namespace kvroof::report
