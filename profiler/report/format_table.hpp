// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/report/table.hpp"
#include "profiler/validate/format_sizes.hpp"

namespace kvroof::report {

/// A row per format: bytes by part, and their share of dense.
Table format_table(const validate::FormatCase& one, const std::vector<validate::FormatSize>& sizes);

}  // namespace kvroof::report
