// SPDX-License-Identifier: Apache-2.0
#include "traces/unknown_fields.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "traces/json_decode.hpp"
#include "traces/trace_error.hpp"

namespace kvroof::traces::detail {
namespace {

using Pointer = Json::json_pointer;

constexpr const char* kReasons = "null_reasons";

std::optional<double> number_named(const Json& reason) {
  if (!reason.is_string()) return std::nullopt;
  const auto& text = reason.get_ref<const std::string&>();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

std::string_view name_of_non_finite(double value) {
  if (std::isnan(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

/// The place a pointer leads to; nullptr when it leads nowhere or is no pointer.
Json* find(Json& root, const std::string& pointer) {
  try {
    const Pointer place(pointer);
    return root.contains(place) ? &root[place] : nullptr;
  } catch (const Json::exception&) {
    return nullptr;
  }
}

void collect_unknown(const Json& line, const Json& known, const Pointer& here, Json& unknown) {
  if (line.is_object() && known.is_object()) {
    for (const auto& [name, value] : line.items()) {
      const auto found = known.find(name);
      if (found == known.end()) {
        unknown[(here / name).to_string()] = value;
      } else if (value.is_structured()) {
        collect_unknown(value, *found, here / name, unknown);
      }
    }
  } else if (line.is_array() && known.is_array()) {
    for (std::size_t i = 0; i < std::min(line.size(), known.size()); ++i) {
      if (line[i].is_structured()) collect_unknown(line[i], known[i], here / i, unknown);
    }
  }
}

/// Whether `pointer` lies at or below one of the keys of `unknown`.
bool is_within(const Json& unknown, std::string_view pointer) {
  for (const auto& [above, value] : unknown.items()) {
    if (pointer.starts_with(above) &&
        (pointer.size() == above.size() || pointer[above.size()] == '/')) {
      return true;
    }
  }
  return false;
}

void list_non_finite(Json& value, const Pointer& here, Json& reasons) {
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::isfinite(number)) return;
    reasons[here.to_string()] = name_of_non_finite(number);
    value = nullptr;
  } else if (value.is_object()) {
    for (const auto& [name, element] : value.items()) {
      if (element.is_structured() || element.is_number_float()) {
        list_non_finite(element, here / name, reasons);
      }
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i].is_structured() || value[i].is_number_float()) {
        list_non_finite(value[i], here / i, reasons);
      }
    }
  }
}

}  // namespace

Json restore_non_finite(Json& line) {
  Json restored = Json::object();
  const auto reasons = line.find(kReasons);
  if (reasons == line.end() || !reasons->is_object()) return restored;
  Json left = Json::object();
  const Json listed = *reasons;
  for (const auto& [pointer, reason] : listed.items()) {
    const std::optional<double> number = number_named(reason);
    Json* const place = number ? find(line, pointer) : nullptr;
    if (place != nullptr && place->is_null()) {
      *place = *number;
      restored[pointer] = reason;
    } else {
      left[pointer] = reason;
    }
  }
  line.erase(kReasons);
  if (!left.empty()) line[kReasons] = left;
  return restored;
}

std::string unknown_fields(const Json& line, const Json& known, const Json& restored) {
  Json unknown = Json::object();
  collect_unknown(line, known, Pointer(), unknown);
  Json reasons = Json::object();
  for (const auto& [pointer, reason] : restored.items()) {
    if (is_within(unknown, pointer)) reasons[pointer] = reason;
  }
  if (!reasons.empty()) unknown[std::string("/") + kReasons].update(reasons);
  if (unknown.empty()) return "";
  return unknown.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_unknown_fields(Json& line, const std::string& unknown) {
  if (unknown.empty()) return;
  try {
    const Json fields = Json::parse(unknown);
    for (const auto& [pointer, value] : fields.items()) {
      const Pointer place(pointer);
      if (place.empty() || !line.contains(place.parent_pointer())) continue;
      Json& parent = line[place.parent_pointer()];
      if (parent.is_object() && !parent.contains(place.back())) parent[place.back()] = value;
    }
  } catch (const Json::exception&) {
    throw TraceError(
        "the field `unknown` must be empty or the text that a reader left there, got " +
        shown(Json(unknown)));
  }
}

void replace_non_finite(Json& line) {
  Json reasons = Json::object();
  list_non_finite(line, Pointer(), reasons);
  if (!reasons.empty()) line[kReasons].update(reasons);
}

}  // namespace kvroof::traces::detail
