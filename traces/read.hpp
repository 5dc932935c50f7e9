// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "traces/trace.hpp"
#include "traces/trace_error.hpp"

namespace kvroof::traces {

enum class OnBadLine { fail, warn };

/// Reads all of a trace file. A torn last line is skipped and reported in Trace::warnings; any
/// other line that cannot be read throws or is reported too, as `on_bad_line` says. An empty file
/// gives a trace with a warning. Throws TraceError naming file, line and field when the file cannot
/// be read, is no trace or is of a newer schema. For lists of many records TraceIndex (index.hpp)
/// is the faster way.
Trace read_trace(const std::filesystem::path& path, OnBadLine on_bad_line = OnBadLine::fail);

}  // namespace kvroof::traces
