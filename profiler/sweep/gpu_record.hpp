// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/measure/measured.hpp"
#include "traces/trace.hpp"

namespace kvroof::sweep {

/// Puts what was measured of its kernel into a record: times first, then counters with the traffic
/// that they say, the timeline, and for each that is missing the reason.
void add_measured(const measure::Measured& measured, traces::Record& record);

}  // namespace kvroof::sweep
