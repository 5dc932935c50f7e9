// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "kernels/error.hpp"
#include "profiler/model/catalogue.hpp"
#include "profiler/model/default_devices.hpp"

namespace kvroof::model {
namespace {

using nlohmann::json;

constexpr int kFormatVersion = 1;

/// "devices.json: device h200: field l2_mb": where a complaint points.
std::string place(std::string_view origin, std::string_view device, std::string_view field) {
  std::string text(origin);
  if (!device.empty()) text += fmt::format(": device {}", device);
  if (!field.empty()) text += fmt::format(": field {}", field);
  return text;
}

/// For messages: never more than a line of somebody else's file, and valid UTF-8.
std::string shown(const json& value) {
  constexpr std::size_t most = 40;
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= most ? text : text.substr(0, most) + "...";
}

const json& member(const json& object, std::string_view key, const std::string& where) {
  const auto found = object.find(key);
  require(found != object.end(), "{}: \"{}\" is missing", where, key);
  return *found;
}

std::string text_member(const json& object, std::string_view key, const std::string& where) {
  const json& value = member(object, key, where);
  require(value.is_string() && !value.get_ref<const std::string&>().empty(),
          "{}: \"{}\" must be a text, got {}", where, key, shown(value));
  return value.get<std::string>();
}

bool is_date(const std::string& text) {
  constexpr std::string_view form = "dddd-dd-dd";
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() == form.size() &&
         std::equal(text.begin(), text.end(), form.begin(),
                    [&](char c, char f) { return f == 'd' ? digit(c) : c == f; }) &&
         text.substr(5, 2) >= "01" && text.substr(5, 2) <= "12" && text.substr(8) >= "01" &&
         text.substr(8) <= "31";
}

Confidence parse_confidence(const std::string& word, const std::string& where) {
  std::string words;
  for (int i = 0; i <= static_cast<int>(Confidence::kGuessed); ++i) {
    const auto confidence = static_cast<Confidence>(i);
    if (word == to_string(confidence)) return confidence;
    words += fmt::format("{}{}", i == 0 ? "" : ", ", to_string(confidence));
  }
  fail("{}: \"confidence\" must be one of {}, got \"{}\"", where, words, word);
}

/// Reads one file, step by step; all members throw std::invalid_argument.
class Reader {
 public:
  Reader(const json& file, std::string_view origin) : file_(file), origin_(origin) {}

  void add_to(Catalogue& catalogue) const {
    const std::string where(origin_);
    require(file_.is_object(), "{}: must be an object with \"sources\" and \"devices\"", where);
    const json& version = member(file_, "version", where);
    require(version == kFormatVersion, "{}: \"version\" must be {}, got {}", where, kFormatVersion,
            shown(version));
    require(member(file_, "sources", where).is_object(), "{}: \"sources\" must be an object",
            where);
    const json& devices = member(file_, "devices", where);
    require(devices.is_array() && !devices.empty(),
            "{}: \"devices\" must be a list with at least one device", where);
    for (const json& entry : devices) add_device(catalogue, entry);
  }

 private:
  void add_device(Catalogue& catalogue, const json& entry) const {
    require(entry.is_object(), "{}: a device must be an object, got {}", origin_, shown(entry));
    const std::string name = text_member(entry, "name", fmt::format("{}: a device", origin_));
    const std::string where = place(origin_, name, "");
    DeviceModel device;
    if (entry.contains("like")) device = relative(catalogue, entry, where);
    const bool inherits = entry.contains("like");
    device.name = name;
    if (!inherits || entry.contains("title")) device.title = text_member(entry, "title", where);
    device.driver_name =
        entry.contains("driver_name") ? text_member(entry, "driver_name", where) : "";
    if (!inherits || entry.contains("compute_capability")) read_capability(entry, where, device);
    for (const ParameterField& field : parameter_fields()) {
      if (inherits && !entry.contains(field.key)) continue;
      device.*field.member = read_parameter(entry, name, field);
    }
    reject_unknown(entry, where);
    require(device.shared_kib_per_block.value <= device.shared_kib_per_sm.value,
            "{}: field shared_kib_per_block ({}) must not exceed shared_kib_per_sm ({})", where,
            device.shared_kib_per_block.value, device.shared_kib_per_sm.value);
    const auto same = std::find_if(catalogue.devices.begin(), catalogue.devices.end(),
                                   [&](const DeviceModel& other) { return other.name == name; });
    if (same == catalogue.devices.end()) {
      catalogue.devices.push_back(std::move(device));
    } else {
      *same = std::move(device);
    }
  }

  static const DeviceModel& relative(const Catalogue& catalogue, const json& entry,
                                     const std::string& where) {
    const std::string name = text_member(entry, "like", where);
    try {
      return catalogue.find(name);
    } catch (const std::invalid_argument& error) {
      fail("{}: field like: {}", where, error.what());
    }
  }

  void read_capability(const json& entry, const std::string& where, DeviceModel& device) const {
    const std::string text = text_member(entry, "compute_capability", where);
    int length = 0;
    const int read = std::sscanf(text.c_str(), "%2d.%1d%n", &device.compute_capability_major,
                                 &device.compute_capability_minor, &length);
    require(read == 2 && static_cast<std::size_t>(length) == text.size() &&
                device.compute_capability_major > 0 && device.compute_capability_minor >= 0,
            "{}: field compute_capability must look like \"9.0\", got \"{}\"", where, text);
  }

  Parameter read_parameter(const json& entry, const std::string& device,
                           const ParameterField& field) const {
    const std::string where = place(origin_, device, field.key);
    require(entry.contains(field.key), "{} is missing ({}, {})", where, field.meaning, field.unit);
    const json& object = entry.at(std::string(field.key));
    require(object.is_object(), "{} must be an object with value, confidence and source, got {}",
            where, shown(object));
    const json& value = member(object, "value", where);
    require(value.is_number(), "{}: \"value\" must be a number, got {}", where, shown(value));
    Parameter parameter{.value = value.get<double>()};
    require(parameter.value >= field.least && parameter.value <= field.most,
            "{}: \"value\" must be {} to {} {}, got {}", where, field.least, field.most, field.unit,
            shown(value));
    require(!field.whole || parameter.value == std::floor(parameter.value),
            "{}: \"value\" must be a whole number, got {}", where, shown(value));
    parameter.confidence = parse_confidence(text_member(object, "confidence", where), where);
    read_source(text_member(object, "source", where), where, parameter);
    return parameter;
  }

  void read_source(const std::string& id, const std::string& where, Parameter& parameter) const {
    const json& sources = file_.at("sources");
    require(sources.contains(id), "{}: \"source\" names \"{}\", which \"sources\" does not have",
            where, id);
    const std::string source_place = fmt::format("{}: source {}", origin_, id);
    require(sources.at(id).is_object(), "{} must be an object with text and date", source_place);
    parameter.source = text_member(sources.at(id), "text", source_place);
    parameter.date = text_member(sources.at(id), "date", source_place);
    require(is_date(parameter.date), "{}: \"date\" must look like 2026-11-24, got \"{}\"",
            source_place, parameter.date);
  }

  void reject_unknown(const json& entry, const std::string& where) const {
    static constexpr std::array<std::string_view, 5> others{"name", "title", "driver_name",
                                                            "compute_capability", "like"};
    for (const auto& [key, value] : entry.items()) {
      const bool known =
          std::find(others.begin(), others.end(), key) != others.end() ||
          std::any_of(parameter_fields().begin(), parameter_fields().end(),
                      [&k = key](const ParameterField& field) { return field.key == k; });
      require(known, "{}: no device has a field \"{}\"", where, key);
    }
  }

  const json& file_;
  std::string_view origin_;
};

}  // namespace

void add_devices_from_text(Catalogue& catalogue, std::string_view text, std::string_view origin) {
  json file;
  try {
    file = json::parse(text);
  } catch (const json::exception& error) {
    fail("{}: not JSON: {}", origin, error.what());
  }
  Catalogue extended = catalogue;
  Reader(file, origin).add_to(extended);
  catalogue = std::move(extended);
}

void add_devices(Catalogue& catalogue, const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  require(stream.good() && text.good(), "{}: the catalogue of devices cannot be read: {}",
          file.string(), std::strerror(errno));
  add_devices_from_text(catalogue, text.str(), file.string());
}

const Catalogue& default_catalogue() {
  static const Catalogue catalogue = [] {
    Catalogue devices;
    add_devices_from_text(devices, kDefaultDevices, "devices.json");
    return devices;
  }();
  return catalogue;
}

}  // namespace kvroof::model
