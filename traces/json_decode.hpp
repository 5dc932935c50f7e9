// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "traces/enum_names.hpp"
#include "traces/schema.hpp"
#include "traces/trace_error.hpp"
#include "traces/type_kind.hpp"

/// JSON to values, checking every type. Errors name the field as a JSON pointer.
namespace kvroof::traces::detail {

using Json = nlohmann::ordered_json;

/// The way to a field, kept on the stack and spelled out only for an error.
struct Path {
  const Path* parent = nullptr;
  std::string_view name = {};

  std::string text() const { return parent ? fmt::format("{}/{}", parent->text(), name) : ""; }
};

/// What came, for an error: the value itself when it is short.
inline std::string shown(const Json& json) {
  if (json.is_object()) return "an object";
  if (json.is_array()) return fmt::format("a list of {}", json.size());
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= 40 ? text : text.substr(0, 37) + "...";
}

[[noreturn]] inline void fail_type(const Path& path, std::string_view wanted, const Json& came) {
  throw TraceError(fmt::format("field {}: expected {}, got {}", path.text(), wanted, shown(came)));
}

template <class T>
void decode(const Json& json, T& value, const Path& path);

class Decoder {
 public:
  Decoder(const Json& object, const Path& path) : object_(object), path_(path) {}

  template <class T>
  void required(std::string_view name, T& value) {
    const auto found = object_.find(name);
    if (found == object_.end()) {
      throw TraceError(fmt::format("field {} is missing", Path{&path_, name}.text()));
    }
    decode(*found, value, Path{&path_, name});
  }

  template <class T>
  void field(std::string_view name, T& value) {
    const auto found = object_.find(name);
    if (found == object_.end()) return;
    if constexpr (!std::is_floating_point_v<T>) {
      if (found->is_null()) return;
    }
    decode(*found, value, Path{&path_, name});
  }

  template <class T>
  void heavy(std::string_view name, T& value) {
    field(name, value);
  }

  void constant(std::string_view name, std::string_view text) {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return;
    if (found->is_string() && found->get_ref<const std::string&>() == text) return;
    fail_type(Path{&path_, name}, fmt::format("\"{}\"", text), *found);
  }

 private:
  const Json& object_;
  const Path& path_;
};

template <class Integer>
void decode_integer(const Json& json, Integer& value, const Path& path) {
  if (json.is_number_unsigned()) {
    const auto number = json.get<std::uint64_t>();
    if (number > std::uint64_t{std::numeric_limits<Integer>::max()}) {
      fail_type(path, "a smaller integer", json);
    }
    value = static_cast<Integer>(number);
  } else if (json.is_number_integer()) {
    if (std::is_unsigned_v<Integer>) fail_type(path, "an integer that is not negative", json);
    value = static_cast<Integer>(json.get<std::int64_t>());
  } else {
    fail_type(path, "an integer", json);
  }
}

template <class Enum>
void decode_enum(const Json& json, Enum& value, const Path& path) {
  constexpr auto names = enum_names(Enum{});
  const auto found = json.is_string()
                         ? std::find(names.begin(), names.end(), json.get_ref<const std::string&>())
                         : names.end();
  if (found == names.end()) {
    fail_type(path, fmt::format("one of {}", fmt::join(names, ", ")), json);
  }
  value = static_cast<Enum>(found - names.begin());
}

/// A null where a number is needed is NaN: a hole must not read as zero.
inline void decode_double(const Json& json, double& value, const Path& path) {
  if (json.is_null()) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (json.is_number()) {
    value = json.get<double>();
  } else {
    fail_type(path, "a number", json);
  }
}

template <class List>
void decode_list(const Json& json, List& list, const Path& path) {
  if (!json.is_array()) fail_type(path, "a list", json);
  if constexpr (kIsArray<List>) {
    if (json.size() != list.size()) {
      fail_type(path, fmt::format("a list of {}", list.size()), json);
    }
  } else {
    list.resize(json.size());
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    decode(json[i], list[i], Path{&path, std::to_string(i)});
  }
}

template <class T>
void decode(const Json& json, T& value, const Path& path) {
  if constexpr (std::is_enum_v<T>) {
    decode_enum(json, value, path);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) fail_type(path, "true or false", json);
    value = json.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    decode_integer(json, value, path);
  } else if constexpr (std::is_floating_point_v<T>) {
    decode_double(json, value, path);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) fail_type(path, "text", json);
    value = json.get_ref<const std::string&>();
  } else if constexpr (kIsOptional<T>) {
    value.reset();
    if (!json.is_null()) decode(json, value.emplace(), path);
  } else if constexpr (kIsVector<T> || kIsArray<T>) {
    decode_list(json, value, path);
  } else {
    if (!json.is_object()) fail_type(path, "an object", json);
    if constexpr (kIsMap<T>) {
      for (const auto& [name, element] : json.items()) {
        decode(element, value[name], Path{&path, name});
      }
    } else {
      Decoder decoder(json, path);
      describe(decoder, value);
    }
  }
}

}  // namespace kvroof::traces::detail
