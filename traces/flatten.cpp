// SPDX-License-Identifier: Apache-2.0
#include "traces/flatten.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

#include "traces/json_encode.hpp"

namespace kvroof::traces::detail {
namespace {

using Cells = std::vector<std::pair<std::string, Json>>;

/// How an element of a list is called in a path: by its name, level or device, else by its index.
std::string element_name(const Json& element, std::size_t index) {
  for (const char* key : {"name", "level", "device"}) {
    const auto found = element.find(key);
    if (found != element.end() && found->is_string()) return found->get<std::string>();
  }
  return std::to_string(index);
}

bool is_list_of_objects(const Json& value) {
  return value.is_array() && !value.empty() && value.front().is_object();
}

std::string joined(const Json& list) {
  std::string text;
  for (const Json& element : list) text += (text.empty() ? "" : " ") + scalar_text(element);
  return text;
}

void flatten_into(const Json& value, const std::string& path, Cells& cells) {
  const auto below = [&](const std::string& name) {
    return path.empty() ? name : path + "." + name;
  };
  if (value.is_object()) {
    for (const auto& [name, field] : value.items()) flatten_into(field, below(name), cells);
  } else if (is_list_of_objects(value)) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      flatten_into(value[i], below(element_name(value[i], i)), cells);
    }
  } else if (value.is_array()) {
    cells.emplace_back(path, joined(value));
  } else {
    cells.emplace_back(path, value);
  }
}

}  // namespace

std::vector<std::pair<std::string, Json>> flatten(const Record& record) {
  Record lean = record;
  lean.activities.clear();
  for (Time& time : lean.times) {
    time.samples_ns.clear();
    time.throttled_samples.clear();
  }
  Cells cells;
  flatten_into(encode(lean, Fullness::lean), "", cells);
  return cells;
}

std::string scalar_text(const Json& scalar) {
  if (scalar.is_null()) return "";
  if (scalar.is_string()) return scalar.get<std::string>();
  if (scalar.is_number_float()) return fmt::format("{}", scalar.get<double>());
  return scalar.dump();
}

}  // namespace kvroof::traces::detail
