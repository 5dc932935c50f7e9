// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "kernels/device_info.hpp"
#include "traces/trace.hpp"

namespace kvroof::ceilings {

/// The theoretical roofs that the catalogue of devices states for this device: bandwidth of its
/// memory and dense f16 rate of its tensor cores, with their sources. The catalogue's device is the
/// one with as many SMs whose model ("H200", "L40S") is a word of the device's name; empty when
/// there is none.
std::vector<traces::Roof> catalogue_roofs(const DeviceInfo& device);

}  // namespace kvroof::ceilings
