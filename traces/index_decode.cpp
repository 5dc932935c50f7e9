// SPDX-License-Identifier: Apache-2.0
#include "traces/index_decode.hpp"

#include <simdjson.h>

#include <algorithm>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "traces/enum_names.hpp"
#include "traces/line_reader.hpp"
#include "traces/schema.hpp"
#include "traces/type_kind.hpp"

namespace kvroof::traces::detail {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(simdjson::SIMDJSON_PADDING <= kLinePadding,
              "LineReader must leave behind a line the bytes that simdjson may touch");

struct NotOurs {};  // thrown for a line that the full decoder must look at

/// An archive that only collects the names of the fields.
class NameCollector {
 public:
  template <class T>
  void required(std::string_view name, T&) {
    names.push_back(name);
  }
  template <class T>
  void field(std::string_view name, T&) {
    names.push_back(name);
  }
  template <class T>
  void heavy(std::string_view, T&) {}  // skipped by the index, hence unknown to it
  template <class T>
  void first(std::string_view name, T&) {
    names.push_back(name);
  }

  std::vector<std::string_view> names;
};

template <class T>
const std::vector<std::string_view>& known_names() {
  static const std::vector<std::string_view> names = [] {
    NameCollector collector;
    T value;
    describe(collector, value);
    return collector.names;
  }();
  return names;
}

template <class T>
void decode(ondemand::value json, T& value);

/// Walks the fields of an object and of describe() side by side. A field of the file that
/// describe() does not name is stepped over; one that it names later than the file does is not
/// ours.
class ObjectDecoder {
 public:
  ObjectDecoder(ondemand::object object, const std::vector<std::string_view>& known)
      : known_(&known), here_(object.begin().value()), end_(object.end().value()) {
    look();
  }

  template <class T>
  void required(std::string_view name, T& value) {
    if (!take(name)) throw NotOurs{};
    decode(json_, value);
    step();
  }

  template <class T>
  void field(std::string_view name, T& value) {
    if (take(name)) {
      decode(json_, value);
      step();
    }
  }

  template <class T>
  void heavy(std::string_view, T&) {}

  template <class T>
  void first(std::string_view name, std::optional<T>& value) {
    if (!take(name)) return;
    for (auto element : json_.get_array()) {
      decode(element.value(), value.emplace());
      break;
    }
    step();
  }

  /// Walks to the closing bracket, so that a line that was cut is noticed.
  void finish() {
    if (take("")) throw NotOurs{};
    if (at_field_) throw NotOurs{};
  }

 private:
  void look() {
    at_field_ = here_ != end_;
    if (!at_field_) return;
    auto field = *here_;
    key_ = field.key().value();
    json_ = field.value().value();
  }

  void step() {
    ++here_;
    look();
  }

  bool is_known() const {
    return std::any_of(known_->begin(), known_->end(),
                       [this](std::string_view name) { return key_ == name; });
  }

  /// Whether the field here is called `name`, after stepping over unknown ones.
  bool take(std::string_view name) {
    while (at_field_ && !(key_ == name)) {
      if (is_known()) return false;
      step();
    }
    return at_field_;
  }

  const std::vector<std::string_view>* known_;
  ondemand::object_iterator here_;
  ondemand::object_iterator end_;
  bool at_field_ = false;
  ondemand::raw_json_string key_;
  ondemand::value json_;
};

template <class Integer>
void decode_integer(ondemand::value json, Integer& value) {
  if constexpr (std::is_unsigned_v<Integer>) {
    value = json.get_uint64().value();
  } else {
    value = json.get_int64().value();
  }
}

template <class Enum>
void decode_enum(ondemand::value json, Enum& value) {
  constexpr auto names = enum_names(Enum{});
  const std::string_view text = json.get_string().value();
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) throw NotOurs{};
  value = static_cast<Enum>(found - names.begin());
}

template <class T>
void decode(ondemand::value json, T& value) {
  if constexpr (std::is_enum_v<T>) {
    decode_enum(json, value);
  } else if constexpr (std::is_same_v<T, bool>) {
    value = json.get_bool().value();
  } else if constexpr (std::is_integral_v<T>) {
    decode_integer(json, value);
  } else if constexpr (std::is_floating_point_v<T>) {
    value = json.get_double().value();
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = json.get_string().value();
  } else if constexpr (kIsOptional<T>) {
    decode(json, value.emplace());  // our writer leaves out what is not known
  } else if constexpr (kIsVector<T>) {
    for (auto element : json.get_array()) decode(element.value(), value.emplace_back());
  } else if constexpr (kIsMap<T>) {
    for (auto field : json.get_object()) {
      const std::string name(field.unescaped_key().value());
      decode(field.value().value(), value[name]);
    }
  } else {
    ObjectDecoder decoder(json.get_object().value(), known_names<T>());
    describe(decoder, value);
    decoder.finish();
  }
}

/// Names of a line, those of its envelope included. null_reasons is known and never taken, so that
/// a line with numbers that are not finite is not ours.
const std::vector<std::string_view>& line_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all = known_names<Summary>();
    all.insert(all.end(), {"schema", "line", "null_reasons"});
    return all;
  }();
  return names;
}

}  // namespace

struct SummaryDecoder::State {
  ondemand::parser parser;
};

SummaryDecoder::SummaryDecoder() : state_(std::make_unique<State>()) {}
SummaryDecoder::~SummaryDecoder() = default;
SummaryDecoder::SummaryDecoder(SummaryDecoder&&) noexcept = default;
SummaryDecoder& SummaryDecoder::operator=(SummaryDecoder&&) noexcept = default;

bool SummaryDecoder::decode(std::string_view line, Summary& summary) try {
  const simdjson::padded_string_view padded(line.data(), line.size(), line.size() + kLinePadding);
  ondemand::document document = state_->parser.iterate(padded).value();
  ObjectDecoder decoder(document.get_object().value(), line_names());
  std::int64_t schema = 0;
  std::string kind;
  decoder.required("schema", schema);
  decoder.required("line", kind);
  if (schema < 1 || schema > kSchemaVersion || kind != "record") return false;
  describe(decoder, summary);
  decoder.finish();
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;  // nothing behind it
} catch (const simdjson::simdjson_error&) {
  return false;
} catch (const NotOurs&) {
  return false;
}

}  // namespace kvroof::traces::detail
