// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "profiler/report/table.hpp"
#include "profiler/sweep/plan.hpp"

namespace kvroof::sweep {

/// A row per planned configuration: what it is, plan, memory, why it is skipped, and roughly how
/// long it will take when that can be told.
report::Table plan_table(const std::vector<Planned>& plan, std::optional<double> seconds_per_cost);

}  // namespace kvroof::sweep
