// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/catalogue.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace kvroof::model {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// A file with one complete device "toy"; every value lies in the middle of what is accepted.
json toy_file() {
  json device{{"name", "toy"}, {"title", "A toy"}, {"compute_capability", "9.0"}};
  for (const ParameterField& field : parameter_fields()) {
    const double value = std::ceil(field.least);
    device[std::string(field.key)] = {
        {"value", value}, {"confidence", "guessed"}, {"source", "nowhere"}};
  }
  return {{"version", 1},
          {"sources", {{"nowhere", {{"text", "made up"}, {"date", "2026-11-24"}}}}},
          {"devices", json::array({device})}};
}

std::string complaint(const std::string& text) {
  Catalogue catalogue = default_catalogue();
  try {
    add_devices_from_text(catalogue, text, "mine.json");
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(catalogue.devices, default_catalogue().devices) << "half a file was taken";
    return error.what();
  }
  return "accepted";
}

TEST(catalogue, has_the_devices_that_the_documentation_promises) {
  for (const char* name : {"rtx-6000-ada", "rtx-4090", "l40s", "a100-80", "h100", "h200", "b200"}) {
    EXPECT_EQ(default_catalogue().find(name).name, name);
  }
}

TEST(catalogue, gives_every_number_a_source_and_a_date) {
  for (const DeviceModel& device : default_catalogue().devices) {
    for (const ParameterField& field : parameter_fields()) {
      const Parameter& parameter = device.*field.member;
      EXPECT_FALSE(parameter.source.empty()) << device.name << " " << field.key;
      EXPECT_EQ(parameter.date.size(), 10u) << device.name << " " << field.key;
    }
  }
}

TEST(catalogue, keeps_the_marks_of_numbers_that_nobody_vouches_for) {
  EXPECT_EQ(default_catalogue().find("rtx-6000-ada").dram_gb_per_s.confidence,
            Confidence::kFromMemory);
  EXPECT_EQ(default_catalogue().find("b200").l2_gb_per_s.confidence, Confidence::kInferred);
  EXPECT_EQ(default_catalogue().find("b200").sm_clock_mhz.confidence, Confidence::kFromMemory);
  EXPECT_EQ(default_catalogue().find("h200").alu_per_clk.confidence, Confidence::kMeasured);
  EXPECT_EQ(default_catalogue().find("h100").alu_per_clk.confidence, Confidence::kInferred);
  for (const DeviceModel& device : default_catalogue().devices)
    EXPECT_EQ(device.dependent_clk.confidence, Confidence::kGuessed) << device.name;
}

TEST(catalogue, never_calls_measured_what_only_an_h200_was_measured_for) {
  for (const DeviceModel& device : default_catalogue().devices) {
    if (device.name == "h200") continue;
    for (const ParameterField& field : parameter_fields())
      EXPECT_NE((device.*field.member).confidence, Confidence::kMeasured)
          << device.name << " " << field.key;
  }
}

TEST(catalogue, agrees_with_the_simulator_about_the_h200) {
  const DeviceInfo mine = device_info(default_catalogue().find("h200"));
  const DeviceInfo theirs = h200_device_info();
  EXPECT_EQ(mine.sm_count, theirs.sm_count);
  EXPECT_EQ(mine.shared_bytes_per_block, theirs.shared_bytes_per_block);
  EXPECT_EQ(mine.shared_bytes_per_sm, theirs.shared_bytes_per_sm);
  EXPECT_EQ(mine.warps_per_sm, theirs.warps_per_sm);
  EXPECT_EQ(mine.registers_per_sm, theirs.registers_per_sm);
  EXPECT_EQ(mine.compute_capability_major, theirs.compute_capability_major);
}

TEST(catalogue, lists_the_names_when_one_is_unknown) {
  try {
    default_catalogue().find("h300");
    FAIL() << "found h300";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"h300\""));
    EXPECT_THAT(error.what(), HasSubstr("h100, h200, b200"));
  }
}

TEST(catalogue, takes_a_complete_device_of_a_file) {
  Catalogue catalogue = default_catalogue();
  add_devices_from_text(catalogue, toy_file().dump(), "mine.json");
  EXPECT_EQ(catalogue.devices.size(), default_catalogue().devices.size() + 1);
  EXPECT_EQ(catalogue.find("toy").dram_latency_ns.source, "made up");
}

TEST(catalogue, lets_a_device_be_like_another_but_for_some_numbers) {
  json file = toy_file();
  file["devices"] = json::array(
      {{{"name", "h200"},
        {"like", "h200"},
        {"sm_clock_mhz", {{"value", 1500}, {"confidence", "stated"}, {"source", "nowhere"}}}}});
  Catalogue catalogue = default_catalogue();
  add_devices_from_text(catalogue, file.dump(), "mine.json");
  EXPECT_EQ(catalogue.devices.size(), default_catalogue().devices.size());
  EXPECT_EQ(catalogue.find("h200").sm_clock_mhz.value, 1500);
  EXPECT_EQ(catalogue.find("h200").l2_mb, default_catalogue().find("h200").l2_mb);
}

TEST(catalogue, names_file_device_and_field_of_every_number_out_of_range) {
  for (const ParameterField& field : parameter_fields()) {
    for (const double wrong : {field.least - 1.0, field.most * 1.01 + 1.0}) {
      json file = toy_file();
      file["devices"][0][std::string(field.key)]["value"] = wrong;
      const std::string text = complaint(file.dump());
      EXPECT_THAT(text, HasSubstr(fmt::format("mine.json: device toy: field {}", field.key)));
      EXPECT_THAT(text, HasSubstr("must be"));
    }
  }
}

TEST(catalogue, misses_every_field_that_is_left_out) {
  for (const ParameterField& field : parameter_fields()) {
    json file = toy_file();
    file["devices"][0].erase(std::string(field.key));
    EXPECT_THAT(complaint(file.dump()),
                HasSubstr(fmt::format("mine.json: device toy: field {} is missing", field.key)));
  }
}

TEST(catalogue, refuses_nonsense_with_a_sentence) {
  struct Nonsense {
    const char* pointer;  // what of the toy file is replaced
    json value;
    const char* sentence;
  };
  const std::vector<Nonsense> list = {
      {"/version", 2, "\"version\" must be 1, got 2"},
      {"/sources", 7, "\"sources\" must be an object"},
      {"/devices", json::array(), "at least one device"},
      {"/devices/0", "h200", "a device must be an object"},
      {"/devices/0/name", 3, "\"name\" must be a text, got 3"},
      {"/devices/0/name", "", "\"name\" must be a text"},
      {"/devices/0/like", "h201", "no device \"h201\""},
      {"/devices/0/compute_capability", "nine", "field compute_capability must look like"},
      {"/devices/0/compute_capability", "9.0a", "field compute_capability must look like"},
      {"/devices/0/l2_mb", 50, "field l2_mb must be an object"},
      {"/devices/0/l2_mb/value", "50", "field l2_mb: \"value\" must be a number, got \"50\""},
      {"/devices/0/l2_mb/value", nullptr, "\"value\" must be a number, got null"},
      {"/devices/0/sm_count/value", 1.5, "must be a whole number, got 1.5"},
      {"/devices/0/l2_mb/confidence", "sure", "\"confidence\" must be one of measured, stated"},
      {"/devices/0/l2_mb/source", "else", "names \"else\", which \"sources\" does not have"},
      {"/sources/nowhere/date", "yesterday", "\"date\" must look like"},
      {"/sources/nowhere/date", "2026-13-01", "\"date\" must look like"},
      {"/sources/nowhere", "made up", "must be an object with text and date"},
      {"/devices/0/l2_gb", 3, "no device has a field \"l2_gb\""},
      {"/devices/0/shared_kib_per_block/value", 2, "must not exceed shared_kib_per_sm"},
  };
  for (const Nonsense& nonsense : list) {
    json file = toy_file();
    file[json::json_pointer(nonsense.pointer)] = nonsense.value;
    const std::string text = complaint(file.dump());
    EXPECT_THAT(text, HasSubstr(nonsense.sentence)) << nonsense.pointer;
    EXPECT_THAT(text, HasSubstr("mine.json")) << nonsense.pointer;
  }
}

TEST(catalogue, refuses_what_is_no_json_and_what_is_not_there) {
  EXPECT_THAT(complaint("{\"version\": 1,"), HasSubstr("mine.json: not JSON"));
  EXPECT_THAT(complaint(""), HasSubstr("not JSON"));
  EXPECT_THAT(complaint("[1]"), HasSubstr("must be an object"));
  EXPECT_THAT(complaint("{\"version\": 1, \"sources\": {}}"), HasSubstr("\"devices\" is missing"));
  Catalogue catalogue;
  EXPECT_THROW(add_devices(catalogue, "/nonexistent/devices.json"), std::invalid_argument);
  EXPECT_THROW(add_devices(catalogue, "/"), std::invalid_argument);
}

}  // namespace
}  // namespace kvroof::model
