// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "traces/export.hpp"

namespace kvroof::traces {
namespace {

using Json = nlohmann::ordered_json;

void write(const Json& json, std::ostream& out) {
  out << json.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
  if (!out) throw TraceError("the export cannot be written: is the disk full?");
}

/// What tells records apart, short enough for a track or a line of a table.
std::string label(const Record& record) {
  const Problem& p = record.problem;
  std::string text = record.kernel.name;
  if (!record.kernel.variant.empty()) text += ":" + record.kernel.variant;
  text += fmt::format("/batch:{}/query_heads:{}/kv_heads:{}/head_dim:{}/kv_len:{}/window:{}",
                      p.batch, p.query_heads, p.kv_heads, p.head_dim, p.kv_len, p.window);
  if (!p.dtype.empty()) text += "/" + p.dtype;
  text += fmt::format("/sparsity:{},{}", p.keys.requested_sparsity, p.values.requested_sparsity);
  for (const auto& [name, value] : record.axes) text += fmt::format("/{}:{}", name, value);
  return text + "/" + std::string(name_of(record.backend));
}

// ---- Trace Event Format:
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

Json name_event(const char* what, std::size_t process, std::int64_t thread,
                const std::string& name) {
  return {
      {"ph", "M"}, {"name", what}, {"pid", process}, {"tid", thread}, {"args", {{"name", name}}}};
}

/// Times in the format are microseconds.
Json span_event(const Activity& activity, std::size_t process, std::int64_t thread) {
  return {{"ph", "X"},
          {"name", activity.name},
          {"cat", activity.phase},
          {"pid", process},
          {"tid", thread},
          {"ts", activity.start_ns / 1e3},
          {"dur", activity.duration_ns / 1e3},
          {"args", {{"provenance", name_of(activity.provenance)}, {"stream", activity.stream}}}};
}

/// Phases laid end to end, because only their durations are known.
std::vector<Activity> as_activities(const std::vector<NamedTime>& phases) {
  std::vector<Activity> activities;
  double start_ns = 0;
  for (const NamedTime& phase : phases) {
    activities.push_back({phase.name, phase.name, 0, start_ns, phase.time_ns, phase.provenance});
    if (phase.time_ns > 0) start_ns += phase.time_ns;
  }
  return activities;
}

/// Spreads the activities of a stream over rows, because spans of one row must not overlap without
/// nesting.
class Rows {
 public:
  std::int64_t place(const Activity& activity) {
    for (auto& row : rows_) {
      if (row.stream == activity.stream && row.end_ns <= activity.start_ns) {
        row.end_ns = activity.start_ns + activity.duration_ns;
        return row.thread;
      }
    }
    rows_.push_back({activity.stream, static_cast<std::int64_t>(rows_.size()),
                     activity.start_ns + activity.duration_ns});
    return rows_.back().thread;
  }

 private:
  struct Row {
    std::int64_t stream;
    std::int64_t thread;
    double end_ns;
  };
  std::vector<Row> rows_;
};

void add_spans(const Record& record, std::size_t process, Json& events) {
  const bool laid_out = record.activities.empty();
  std::vector<Activity> activities = laid_out ? as_activities(record.phases) : record.activities;
  std::stable_sort(activities.begin(), activities.end(),
                   [](const Activity& a, const Activity& b) { return a.start_ns < b.start_ns; });
  Rows rows;
  std::set<std::int64_t> named;
  for (const Activity& activity : activities) {
    const std::int64_t thread = rows.place(activity);
    if (named.insert(thread).second) {
      events.push_back(name_event("thread_name", process, thread,
                                  laid_out ? "phases (durations only, order not measured)"
                                           : fmt::format("stream {}", activity.stream)));
    }
    events.push_back(span_event(activity, process, thread));
  }
}

// ---- Google Benchmark's JSON:
// https://github.com/google/benchmark/blob/main/docs/user_guide.md#output-formats

Json benchmark_context(const Trace& trace) {
  Json context = {
      {"executable", "kvroof"}, {"library_build_type", "release"}, {"json_schema_version", 1}};
  if (!trace.environments.empty()) {
    const Environment& environment = trace.environments.begin()->second;
    context["date"] = environment.utc_time;
    context["host_name"] = environment.host;
    context["device"] = environment.device.name;
    context["git_revision"] = environment.git_revision;
  }
  return context;
}

Json benchmark_entry(const Record& record, std::size_t family, std::size_t repetition,
                     std::size_t repetitions) {
  const std::string name = label(record);
  Json entry = {{"name", name},
                {"family_index", family},
                {"per_family_instance_index", 0},
                {"run_name", name},
                {"run_type", "iteration"},
                {"repetitions", repetitions},
                {"repetition_index", repetition},
                {"threads", 1},
                {"iterations", 1}};
  if (record.status != Status::passed) {
    entry["error_occurred"] = true;
    entry["error_message"] = fmt::format("{}: {}", name_of(record.status), record.reason);
  }
  return entry;
}

}  // namespace

void export_chrome_trace(const Trace& trace, std::ostream& out) {
  Json events = Json::array();
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    const Record& record = trace.records[i];
    if (record.activities.empty() && record.phases.empty()) continue;
    events.push_back(name_event("process_name", i + 1, 0, label(record)));
    add_spans(record, i + 1, events);
  }
  write({{"displayTimeUnit", "ns"}, {"traceEvents", std::move(events)}}, out);
}

void export_google_benchmark(const Trace& trace, std::ostream& out) {
  Json entries = Json::array();
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    const Record& record = trace.records[i];
    if (record.times.empty()) continue;
    const Time& time = record.times.front();
    const std::vector<double> samples_ns =
        time.samples_ns.empty() ? std::vector{time.statistics.median_ns} : time.samples_ns;
    for (std::size_t sample = 0; sample < samples_ns.size(); ++sample) {
      Json entry = benchmark_entry(record, i, sample, samples_ns.size());
      entry["real_time"] = samples_ns[sample];
      entry["cpu_time"] = samples_ns[sample];
      entry["time_unit"] = "ns";
      entry["label"] = fmt::format("{} {}", name_of(time.provenance), time.name);
      entries.push_back(std::move(entry));
    }
  }
  write({{"context", benchmark_context(trace)}, {"benchmarks", std::move(entries)}}, out);
}

}  // namespace kvroof::traces
