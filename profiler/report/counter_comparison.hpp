// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/report/table.hpp"
#include "profiler/report/trace_tables.hpp"

namespace kvroof::report {

/// What the simulator counted beside what the hardware did, a row per configuration that both have
/// and quantity that both count (docs/measuring.md says how they relate). Configurations are
/// matched by everything but the backend. Quantities that are zero on both sides are left out.
Table counter_comparison(const std::vector<DeviceRecord>& simulated,
                         const std::vector<DeviceRecord>& measured);

}  // namespace kvroof::report
