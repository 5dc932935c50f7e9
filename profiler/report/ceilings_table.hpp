// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/report/table.hpp"
#include "traces/trace.hpp"

namespace kvroof::report {

/// One row per roof, in the order of the ceilings, each with what it is, its clock, spread and
/// source.
Table ceilings_table(const traces::Ceilings& ceilings);

}  // namespace kvroof::report
