// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "profiler/model/catalogue.hpp"
#include "traces/trace.hpp"

namespace kvroof::model {

/// The roofs of a device of the catalogue: DRAM, L2, shared memory, tensor cores, instruction issue
/// and the cost of a launch, each with source and date. A roof is "measured" when a probe of this
/// project measured it on this device; what a kernel can reach of DRAM is then a second roof beside
/// the theoretical one.
traces::Ceilings ceilings_of(const DeviceModel& device);

/// The device that drivers and records name so ("NVIDIA H200"); nullptr when the catalogue has
/// none.
const DeviceModel* find_by_driver_name(const Catalogue& catalogue, std::string_view driver_name);

/// Times that nothing of this kind can undercut: the compressed and the dense cache at the DRAM
/// roof, both theoretical and, where known, measured, and the launch. All modelled, in ns.
std::vector<traces::NamedTime> floors(const traces::Bytes& bytes, const traces::Ceilings& ceilings);

}  // namespace kvroof::model
