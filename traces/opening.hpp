// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "traces/file.hpp"
#include "traces/line_reader.hpp"

namespace kvroof::traces::detail {

/// Throws TraceError unless the file is empty or its first line is, or begins like, one of a trace
/// that this build reads. Guards readers against other files, and other files against the writer.
void require_trace(const File& file);

}  // namespace kvroof::traces::detail
