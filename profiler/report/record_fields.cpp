// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/record_fields.hpp"

#include <set>

namespace kvroof::report {
namespace {

/// Swept axes that are no fields of the problem, over all records.
Fields axis_fields(const std::vector<DeviceRecord>& records) {
  std::set<std::string> names;
  for (const Record& record : records) {
    for (const auto& [name, value] : record.axes) names.insert(name);
  }
  Fields fields;
  for (const std::string& name : names) {
    fields.push_back({{name, name}, [name](const Record& r) -> Value {
                        const auto found = r.axes.find(name);
                        return found == r.axes.end() ? Value(Missing{}) : Value(found->second);
                      }});
  }
  return fields;
}

}  // namespace

Table make_table(const std::string& caption, const std::vector<DeviceRecord>& records,
                 const Fields& fields) {
  Table table{.caption = caption};
  for (const Field& field : fields) table.columns.push_back(field.column);
  for (const DeviceRecord& record : records) {
    table.rows.emplace_back();
    for (const Field& field : fields) table.rows.back().push_back(field.value(record));
  }
  return table;
}

void append(Fields& fields, Fields more) {
  for (Field& field : more) fields.push_back(std::move(field));
}

Value text_or_missing(const std::string& text) {
  return text.empty() ? Value(Missing{}) : Value(text);
}

Fields configuration_fields(const std::vector<DeviceRecord>& records) {
  Fields fields = {
      {{"device", "device"}, [](const DeviceRecord& r) { return text_or_missing(r.device); }},
      {{"backend", "backend"}, [](const Record& r) { return std::string(name_of(r.backend)); }},
      {{"kernel", "kernel"}, [](const Record& r) { return r.kernel.name; }},
      {{"variant", "variant"}, [](const Record& r) { return text_or_missing(r.kernel.variant); }},
      {{"model", "model"}, [](const Record& r) { return if_known(r.problem.model); }},
      {{"query_heads", "q heads"}, [](const Record& r) { return r.problem.query_heads; }},
      {{"kv_heads", "kv heads"}, [](const Record& r) { return r.problem.kv_heads; }},
      {{"head_dim", "head dim"}, [](const Record& r) { return r.problem.head_dim; }},
      {{"dtype", "dtype"}, [](const Record& r) { return r.problem.dtype; }},
      {{"batch", "batch"}, [](const Record& r) { return r.problem.batch; }},
      {{"kv_len", "kv len"}, [](const Record& r) { return r.problem.kv_len; }},
      {{"window", "window"}, [](const Record& r) { return r.problem.window; }},
      {{"sparsity", "sparsity"}, [](const Record& r) { return r.problem.keys.requested_sparsity; }},
      {{"value_sparsity", "value sparsity"},
       [](const Record& r) -> Value {
         if (r.problem.values.requested_sparsity == r.problem.keys.requested_sparsity)
           return Missing{};
         return r.problem.values.requested_sparsity;
       }},
      {{"effective_sparsity", "effective"},
       [](const Record& r) { return if_known(r.problem.keys.effective_sparsity); }},
      {{"seed", "seed"}, [](const Record& r) { return static_cast<std::int64_t>(r.problem.seed); }},
      {{"input", "input"}, [](const Record& r) { return text_or_missing(r.problem.input); }}};
  append(fields, axis_fields(records));
  return fields;
}

const traces::Traffic* traffic_at(const Record& record, traces::MemoryLevel level) {
  for (const traces::Traffic& traffic : record.traffic) {
    if (traffic.level == level) return &traffic;
  }
  return nullptr;
}

std::optional<double> shown_time_ns(const Record& record) {
  if (record.times.empty() || !(record.times.front().statistics.median_ns > 0)) return std::nullopt;
  return record.times.front().statistics.median_ns;
}

Value shown_time(const Record& record) {
  if (const std::optional<double> time_ns = shown_time_ns(record)) return *time_ns;
  if (record.status == traces::Status::passed && record.backend == traces::Backend::sim)
    return Missing{"simulated, no time"};
  return Missing{};
}

Value provenance_of_time(const Record& record) {
  if (record.times.empty()) return Missing{};
  return std::string(name_of(record.times.front().provenance));
}

}  // namespace kvroof::report
