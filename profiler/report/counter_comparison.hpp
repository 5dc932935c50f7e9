// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "profiler/report/table.hpp"
#include "profiler/report/trace_tables.hpp"

namespace kvroof::report {

/// What the simulator counted beside what the hardware did, a row per configuration that both have
/// and quantity that both count (docs/measuring.md says how they relate). Configurations are
/// matched by everything but the backend. Quantities that are zero on both sides are left out.
Table counter_comparison(const std::vector<DeviceRecord>& simulated,
                         const std::vector<DeviceRecord>& measured);

/// The same as percentages, "97 / 99 / 100" for the lengths that both traces hold: a table per
/// batch and heads, a row per quantity, a column per kernel and sparsity.
std::vector<Table> counter_shares(const std::vector<DeviceRecord>& simulated,
                                  const std::vector<DeviceRecord>& measured);

}  // namespace kvroof::report
