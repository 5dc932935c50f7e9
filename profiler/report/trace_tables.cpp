// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/trace_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "profiler/report/fastest_times.hpp"
#include "profiler/report/record_fields.hpp"
#include "profiler/report/roofline.hpp"

namespace kvroof::report {
namespace {

double moved(const traces::Traffic& traffic) { return traffic.read_bytes + traffic.write_bytes; }

/// bytes / ns is GB/s. On the simulator time is modelled and traffic simulated.
Value dram_gb_per_s(const Record& record) {
  const traces::Traffic* dram = traffic_at(record, traces::MemoryLevel::dram);
  const std::optional<double> time_ns = shown_time_ns(record);
  if (dram == nullptr || !time_ns) return Missing{};
  return moved(*dram) / *time_ns;
}

bool has_unvalidated_time(const Record& record) {
  return !record.times.empty() && record.times.front().provenance == traces::Provenance::modelled &&
         (record.predictions.empty() || !record.predictions.front().validated);
}

Value dram_roof_percent(const DeviceRecord& record) {
  constexpr double percent = 100;
  const std::optional<double> share = roof_share(record, traces::RoofLevel::dram);
  return share ? Value(*share * percent) : Value(Missing{});
}

Field traffic_field(traces::MemoryLevel level, const std::string& title) {
  return {{fmt::format("{}_bytes", name_of(level)), title, kMiB},
          [level](const Record& r) -> Value {
            const traces::Traffic* traffic = traffic_at(r, level);
            return traffic == nullptr ? Value(Missing{}) : Value(moved(*traffic));
          }};
}

Field bytes_field(const std::string& key, const std::string& title,
                  std::uint64_t traces::Bytes::*part) {
  return {{key + "_bytes", title, kMiB}, [part](const Record& r) -> Value {
            if (!r.bytes) return Missing{};
            return static_cast<std::int64_t>((*r.bytes).*part);
          }};
}

Value compressed(const Record& record) {
  if (!record.bytes) return Missing{};
  return static_cast<std::int64_t>(traces::compressed_bytes(*record.bytes));
}

Value ratio(const Record& record) {
  return record.bytes ? if_known(traces::compression_ratio(*record.bytes)) : Value(Missing{});
}

/// The share of outputs, or packed elements, that the reference checked; told in its own words.
Value checked(const Record& record) {
  return record.validation ? text_or_missing(record.validation->reference) : Value(Missing{});
}

Fields result_fields(const std::vector<DeviceRecord>& records) {
  const FastestTimes dense(records, is_dense);
  return {{{"status", "status"}, [](const Record& r) { return std::string(name_of(r.status)); }},
          {{"time_ns", "time us", kNsPerUs}, shown_time},
          {{"time_provenance", "time is"}, provenance_of_time},
          {{"dram_gb_per_s", "GB/s"}, dram_gb_per_s},
          {{"dram_roof_percent", "% of DRAM"}, dram_roof_percent},
          {{"speedup_over_dense", "x dense"},
           [dense](const DeviceRecord& r) { return if_known(dense.over(r)); }},
          {{"compressed_bytes", "KV MiB", kMiB}, compressed},
          {{"compression_ratio", "dense/KV"}, ratio},
          traffic_field(traces::MemoryLevel::dram, "DRAM MiB"),
          {{"tolerance_share", "err/tol"},
           [](const Record& r) -> Value {
             return r.validation ? Value(r.validation->tolerance_share) : Value(Missing{});
           }},
          {{"reference", "checked against"}, checked},
          {{"reason", "reason"}, [](const Record& r) { return text_or_missing(r.reason); }}};
}

Fields byte_part_fields() {
  using traces::Bytes;
  return {bytes_field("key_values", "K values", &Bytes::key_values),
          bytes_field("value_values", "V values", &Bytes::value_values),
          bytes_field("key_bitmaps", "K bitmaps", &Bytes::key_bitmaps),
          bytes_field("value_bitmaps", "V bitmaps", &Bytes::value_bitmaps),
          bytes_field("indices", "headers", &Bytes::indices),
          bytes_field("padding", "padding", &Bytes::padding),
          bytes_field("window", "window", &Bytes::window),
          bytes_field("queries", "queries", &Bytes::queries),
          bytes_field("outputs", "outputs", &Bytes::outputs),
          bytes_field("partials", "partials", &Bytes::partials),
          bytes_field("dense", "dense KV", &Bytes::dense)};
}

Field counter_field(const std::string& name, const std::string& title, double scale = 1) {
  return {{name, title, scale}, [name](const Record& r) -> Value {
            if (!r.counters) return Missing{};
            const auto found = r.counters->find(name);
            return found == r.counters->end() ? Value(Missing{}) : if_known(found->second.value);
          }};
}

Fields all_counter_fields(const std::vector<DeviceRecord>& records) {
  std::set<std::string> names;
  for (const Record& record : records) {
    if (!record.counters) continue;
    for (const auto& [name, counter] : *record.counters) names.insert(name);
  }
  Fields fields;
  for (const std::string& name : names) fields.push_back(counter_field(name, name));
  return fields;
}

std::vector<DeviceRecord> with_status(const std::vector<DeviceRecord>& records,
                                      traces::Status status) {
  std::vector<DeviceRecord> chosen;
  for (const DeviceRecord& record : records) {
    if (record.status == status) chosen.push_back(record);
  }
  return chosen;
}

}  // namespace

std::vector<DeviceRecord> latest_records(const traces::Trace& trace) {
  std::map<std::string, std::size_t> places;
  std::map<std::string, std::shared_ptr<const traces::Ceilings>> ceilings;
  for (const auto& [id, each] : trace.ceilings)
    ceilings[id] = std::make_shared<const traces::Ceilings>(each);
  std::vector<DeviceRecord> latest;
  for (const Record& record : trace.records) {
    const traces::Environment* environment = environment_of(trace, record);
    const auto roofs = ceilings.find(record.ceilings_id);
    DeviceRecord row{record, environment == nullptr ? "" : environment->device.name,
                     roofs == ceilings.end() ? nullptr : roofs->second};
    const auto [place, added] =
        places.try_emplace(traces::configuration_key(record) + row.device, latest.size());
    if (added) {
      latest.push_back(std::move(row));
    } else {
      latest[place->second] = std::move(row);
    }
  }
  return latest;
}

Table results_table(const std::vector<DeviceRecord>& records) {
  Fields fields = configuration_fields(records);
  append(fields, result_fields(records));
  Table table = make_table("Results", records, fields);
  fold_constant_columns(table);
  if (std::any_of(records.begin(), records.end(), has_unvalidated_time))
    table.notes.push_back("Modelled times are not yet validated on these kernels: docs/model.md.");
  table.notes.push_back(
      "KV MiB: values, bitmaps, headers, padding and window, from shapes. DRAM MiB on sim: every "
      "32-byte sector once, simulated. GB/s: that over the time. x dense: time of a dense run of "
      "the "
      "same problem, device and origin over this one. err/tol: largest error as a share of what "
      "the arithmetic "
      "may make; above 1 fails.");
  return table;
}

Table bytes_table(const std::vector<DeviceRecord>& records) {
  const std::vector<DeviceRecord> passed = with_status(records, traces::Status::passed);
  Fields fields = configuration_fields(passed);
  append(fields, byte_part_fields());
  fields.push_back({{"compression_ratio", "dense/KV"}, ratio});
  Table table = make_table("Bytes by part, MiB", passed, fields);
  fold_constant_columns(table);
  table.notes.push_back(
      "From shapes, exact: every row keeps the same count. A pack kernel's row holds its side "
      "only.");
  return table;
}

Table counters_table(const std::vector<DeviceRecord>& records) {
  const std::vector<DeviceRecord> passed = with_status(records, traces::Status::passed);
  constexpr double kilo = 1000;
  Fields fields = configuration_fields(passed);
  append(fields, {traffic_field(traces::MemoryLevel::dram, "DRAM MiB"),
                  traffic_field(traces::MemoryLevel::l2, "L2 MiB"),
                  traffic_field(traces::MemoryLevel::shared, "shared MiB"),
                  counter_field("shared_load_bank_conflicts", "load conflicts"),
                  counter_field("shared_store_bank_conflicts", "store conflicts"),
                  counter_field("instructions_alu", "kALU", kilo),
                  counter_field("instructions_fma", "kFMA", kilo),
                  counter_field("instructions_xu", "kXU", kilo),
                  counter_field("instructions_lsu", "kLSU", kilo),
                  counter_field("instructions_tensor", "kMMA", kilo)});
  Table table = make_table("Counters of one launch", passed, fields);
  fold_constant_columns(table);
  table.notes.push_back(
      "kALU .. kMMA: thousands of warp instructions by pipe. On sim everything here is simulated.");
  return table;
}

Table wide_table(const std::vector<DeviceRecord>& records) {
  Fields fields = configuration_fields(records);
  append(fields, result_fields(records));
  append(fields, byte_part_fields());
  append(fields, {traffic_field(traces::MemoryLevel::l2, "L2 MiB"),
                  traffic_field(traces::MemoryLevel::shared, "shared MiB")});
  append(fields, all_counter_fields(records));
  return make_table("", records, fields);
}

}  // namespace kvroof::report
