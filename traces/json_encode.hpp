// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <string_view>
#include <type_traits>

#include "traces/schema.hpp"
#include "traces/type_kind.hpp"

/// Values to JSON. Doubles that are not finite stay so in the tree; line.cpp turns them into null
/// with a reason.
namespace kvroof::traces::detail {

using Json = nlohmann::ordered_json;

/// lean: fields that are empty or not known are left out. complete: they are there, as null or
/// empty.
enum class Fullness { lean, complete };

template <class T>
Json encode(const T& value, Fullness fullness);

class Encoder {
 public:
  Encoder(Json& object, Fullness fullness) : object_(object), fullness_(fullness) {}

  template <class T>
  void required(std::string_view name, const T& value) {
    object_[std::string(name)] = encode(value, fullness_);
  }

  template <class T>
  void field(std::string_view name, const T& value) {
    if (fullness_ == Fullness::lean && is_empty(value)) return;
    required(name, value);
  }

  template <class T>
  void heavy(std::string_view name, const T& value) {
    field(name, value);
  }

  void constant(std::string_view name, std::string_view text) { object_[std::string(name)] = text; }

 private:
  template <class T>
  static bool is_empty(const T& value) {
    if constexpr (kIsOptional<T>) {
      return !value.has_value();
    } else if constexpr (std::is_same_v<T, std::string> || kIsVector<T> || kIsMap<T>) {
      return value.empty();
    } else {
      return false;
    }
  }

  Json& object_;
  Fullness fullness_;
};

template <class T>
Json encode(const T& value, Fullness fullness) {
  if constexpr (std::is_enum_v<T>) {
    return Json(name_of(value));
  } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
    return Json(value);
  } else if constexpr (kIsOptional<T>) {
    return value ? encode(*value, fullness) : Json(nullptr);
  } else if constexpr (kIsVector<T> || kIsArray<T>) {
    Json list = Json::array();
    for (const auto& element : value) list.push_back(encode(element, fullness));
    return list;
  } else if constexpr (kIsMap<T>) {
    Json object = Json::object();
    for (const auto& [name, element] : value) object[name] = encode(element, fullness);
    return object;
  } else {
    Json object = Json::object();
    Encoder encoder(object, fullness);
    describe(encoder, value);
    return object;
  }
}

}  // namespace kvroof::traces::detail
