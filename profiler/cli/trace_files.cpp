// SPDX-License-Identifier: Apache-2.0
#include "profiler/cli/trace_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "kernels/error.hpp"
#include "traces/read.hpp"

namespace kvroof::cli {
namespace {

/// Appends what `merged` does not hold yet. Looks for equal records among those of the same
/// configuration only.
class Merge {
 public:
  void add(traces::Trace&& trace) {
    merged_.environments.merge(trace.environments);
    merged_.ceilings.merge(trace.ceilings);
    for (std::string& line : trace.other_lines) add_line(std::move(line));
    for (traces::Record& record : trace.records) add_record(std::move(record));
  }
  traces::Trace take() { return std::move(merged_); }

 private:
  void add_line(std::string&& line) {
    const auto& lines = merged_.other_lines;
    if (std::find(lines.begin(), lines.end(), line) == lines.end())
      merged_.other_lines.push_back(std::move(line));
  }
  void add_record(traces::Record&& record) {
    std::vector<std::size_t>& alike = places_[traces::configuration_key(record)];
    const bool known = std::any_of(alike.begin(), alike.end(), [&](std::size_t place) {
      return merged_.records[place] == record;
    });
    if (known) return;
    alike.push_back(merged_.records.size());
    merged_.records.push_back(std::move(record));
  }

  traces::Trace merged_;
  std::map<std::string, std::vector<std::size_t>> places_;
};

}  // namespace

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
  Merge merge;
  for (const std::string& path : paths) merge.add(read_trace_argument(path));
  return merge.take();
}

}  // namespace kvroof::cli
