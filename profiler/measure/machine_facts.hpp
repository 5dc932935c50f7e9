// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/measure/doctor.hpp"

namespace kvroof::measure {

/// Asks CUDA, NVML and CUPTI about this machine and its CUDA device number `ordinal`: launches a
/// kernel and counts it once. Never throws.
MachineFacts find_out(int ordinal);

}  // namespace kvroof::measure
