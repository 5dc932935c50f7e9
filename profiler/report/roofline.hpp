// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "profiler/report/table.hpp"
#include "profiler/report/trace_tables.hpp"

namespace kvroof::report {

/// A roof used at this share or more is what binds; the launch binds when it is this share of the
/// time. 60 % is where NVIDIA's Nsight Compute starts to call a unit's use high (its speed-of-light
/// rules), below which it blames latency.
inline constexpr double kBindingShare = 0.6;

/// How much of a roof a record uses: what it moved or computed per second / the roof. The measured
/// roof where there is one, else the theoretical one; of DRAM's the probe whose mix of reads and
/// writes is nearest the record's, of other levels the best.
struct RoofUse {
  traces::RoofLevel level = traces::RoofLevel::dram;
  traces::RoofKind kind = traces::RoofKind::theoretical;
  std::string name{};  // of the roof: "read", "ffma"
  double share = 0;
};
/// DRAM, L2, shared memory, tensor cores and instruction issue, as far as time, work and roofs are
/// known.
std::vector<RoofUse> roof_uses(const DeviceRecord& record);

/// The use of one roof; nothing when it cannot be told.
std::optional<double> roof_share(const DeviceRecord& record, traces::RoofLevel level);

/// What limits a record, in words: "DRAM: 87 % of its measured roof, read". Rules, the first that
/// holds:
///  1. no time: the side of the ridge on which the arithmetic intensity lies, DRAM or tensor cores;
///  2. a roof is used at kBindingShare or more: the one used most;
///  3. the launch floor is that share of the time: launch;
///  4. else latency, with the roof that is used most.
/// "" when there are no roofs to judge by.
std::string roofline_verdict(const DeviceRecord& record);

/// A row per passed record that has roofs: intensity, ridge, use of roofs and verdict.
Table roofline_table(const std::vector<DeviceRecord>& records);

}  // namespace kvroof::report
