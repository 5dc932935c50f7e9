// SPDX-License-Identifier: Apache-2.0
#include "traces/merge.hpp"

#include <algorithm>

namespace kvroof::traces {
namespace {

/// Appends what `merged` does not hold yet. Looks for equal records among those of the same
/// configuration only.
class Merge {
 public:
  void add(Trace&& trace) {
    merged_.environments.merge(trace.environments);
    merged_.ceilings.merge(trace.ceilings);
    for (std::string& line : trace.other_lines) add_line(std::move(line));
    for (Record& record : trace.records) add_record(std::move(record));
    for (std::string& warning : trace.warnings) merged_.warnings.push_back(std::move(warning));
  }
  Trace take() { return std::move(merged_); }

 private:
  void add_line(std::string&& line) {
    const auto& lines = merged_.other_lines;
    if (std::find(lines.begin(), lines.end(), line) == lines.end())
      merged_.other_lines.push_back(std::move(line));
  }
  void add_record(Record&& record) {
    std::vector<std::size_t>& alike = places_[configuration_key(record)];
    const bool known = std::any_of(alike.begin(), alike.end(), [&](std::size_t place) {
      return merged_.records[place] == record;
    });
    if (known) return;
    alike.push_back(merged_.records.size());
    merged_.records.push_back(std::move(record));
  }

  Trace merged_;
  std::map<std::string, std::vector<std::size_t>> places_;
};

}  // namespace

Trace merge(std::vector<Trace> traces) {
  Merge merge;
  for (Trace& trace : traces) merge.add(std::move(trace));
  return merge.take();
}

}  // namespace kvroof::traces
