// SPDX-License-Identifier: Apache-2.0
#include "profiler/cli/trace_files.hpp"

#include <fmt/format.h>

#include "kernels/error.hpp"
#include "traces/merge.hpp"
#include "traces/read.hpp"

namespace kvroof::cli {

traces::Trace read_trace_argument(const std::string& path) {
  try {
    traces::Trace trace = traces::read_trace(path, traces::OnBadLine::warn);
    for (const std::string& warning : trace.warnings) fmt::print(stderr, "kvroof: {}\n", warning);
    return trace;
  } catch (const traces::TraceError& error) {
    fail("{}", error.what());
  }
}

traces::Trace read_trace_arguments(const std::vector<std::string>& paths) {
  std::vector<traces::Trace> traces;
  for (const std::string& path : paths) traces.push_back(read_trace_argument(path));
  return traces::merge(std::move(traces));
}

}  // namespace kvroof::cli
