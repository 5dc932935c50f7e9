// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "profiler/report/trace_tables.hpp"

// What the tables of records are put together from.
namespace kvroof::report {

using traces::Record;

inline constexpr double kMiB = 1024.0 * 1024.0;
inline constexpr double kNsPerUs = 1000.0;

/// A column and how to take its value from a record.
struct Field {
  Column column;
  std::function<Value(const DeviceRecord&)> value;
};
using Fields = std::vector<Field>;

Table make_table(const std::string& caption, const std::vector<DeviceRecord>& records,
                 const Fields& fields);

void append(Fields& fields, Fields more);

template <class T>
Value if_known(const std::optional<T>& value) {
  return value ? Value(*value) : Value(Missing{});
}

Value text_or_missing(const std::string& text);

/// What tells the configurations apart, swept axes that are no fields of the problem included.
Fields configuration_fields(const std::vector<DeviceRecord>& records);

/// nullptr when nothing was counted at that level.
const traces::Traffic* traffic_at(const Record& record, traces::MemoryLevel level);

/// The median of the time to show; nothing when there is none or it is not positive.
std::optional<double> shown_time_ns(const Record& record);
/// The same as a value, which says why there is none.
Value shown_time(const Record& record);
Value provenance_of_time(const Record& record);

}  // namespace kvroof::report
