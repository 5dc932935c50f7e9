// SPDX-License-Identifier: Apache-2.0
#include "traces/read.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "traces/line.hpp"
#include "traces/line_reader.hpp"
#include "traces/opening.hpp"

namespace kvroof::traces {
namespace {

void add(Trace& trace, detail::Line line) {
  if (auto* record = std::get_if<Record>(&line)) {
    trace.records.push_back(std::move(*record));
  } else if (auto* environment = std::get_if<detail::NamedEnvironment>(&line)) {
    trace.environments.emplace(std::move(environment->id), std::move(environment->environment));
  } else if (auto* ceilings = std::get_if<detail::NamedCeilings>(&line)) {
    trace.ceilings.emplace(std::move(ceilings->id), std::move(ceilings->ceilings));
  } else {
    trace.other_lines.push_back(std::move(std::get<detail::OtherLine>(line).text));
  }
}

/// One sentence for all records whose environment or ceilings are nowhere in the file.
void report_missing_references(Trace& trace, const std::string& file) {
  std::size_t missing = 0;
  for (const Record& record : trace.records) {
    const bool whole = (record.environment_id.empty() || environment_of(trace, record)) &&
                       (record.ceilings_id.empty() || ceilings_of(trace, record));
    if (!whole) ++missing;
  }
  if (missing == 0) return;
  trace.warnings.push_back(fmt::format(
      "{}: {} of {} records name an environment or ceilings that the file does not hold", file,
      missing, trace.records.size()));
}

}  // namespace

Trace read_trace(const std::filesystem::path& path, OnBadLine on_bad_line) {
  const detail::File file = detail::File::open_to_read(path);
  const std::string name = path.string();
  Trace trace;
  detail::require_trace(file);
  detail::LineReader reader(file);
  while (const auto line = reader.next()) {
    if (detail::is_blank(line->text)) continue;
    const auto place = [&] { return fmt::format("{}:{}", name, line->number); };
    try {
      add(trace, detail::parse_line(line->text));
    } catch (const detail::NewerSchema& error) {
      throw TraceError(fmt::format("{}: {}", place(), error.what()));
    } catch (const TraceError& error) {
      if (on_bad_line == OnBadLine::fail)
        throw TraceError(fmt::format("{}: {}", place(), error.what()));
      trace.warnings.push_back(fmt::format("{}: {}; the line was skipped", place(), error.what()));
    }
  }
  if (reader.torn_bytes() > 0) {
    trace.warnings.push_back(
        fmt::format("{}: the last line is not complete ({} bytes) and was skipped: it is still "
                    "being written, or its "
                    "writer was stopped",
                    name, reader.torn_bytes()));
  } else if (reader.offset() == 0) {
    trace.warnings.push_back(fmt::format("{}: is empty: nothing has been recorded yet", name));
  }
  report_missing_references(trace, name);
  return trace;
}

}  // namespace kvroof::traces
