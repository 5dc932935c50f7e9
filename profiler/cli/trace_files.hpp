// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "traces/trace.hpp"

namespace kvroof::cli {

/// Reads a trace that the command line names; lines that cannot be read are told on stderr and left
/// out. Throws std::invalid_argument when the file cannot be used at all.
traces::Trace read_trace_argument(const std::string& path);

/// Reads several as one: environments, ceilings and unknown lines once each, records in the order
/// of the files, those that are equal in every field once.
traces::Trace read_trace_arguments(const std::vector<std::string>& paths);

}  // namespace kvroof::cli
