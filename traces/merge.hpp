// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "traces/trace.hpp"

namespace kvroof::traces {

/// All of several traces, in order; records and other lines that are equal are kept once.
Trace merge(std::vector<Trace> traces);

}  // namespace kvroof::traces
