// SPDX-License-Identifier: Apache-2.0
#include "profiler/ceilings/catalogue_roofs.hpp"

#include <sstream>
#include <string>

#include "profiler/model/catalogue.hpp"

namespace kvroof::ceilings {
namespace {

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

/// Whether a word with a digit of the title, which names the model, is a word of the name.
bool names_model(const std::string& title, const std::string& name) {
  for (const std::string& word : words(title)) {
    if (word.find_first_of("0123456789") == std::string::npos) continue;
    for (const std::string& other : words(name)) {
      if (other == word) return true;
    }
  }
  return false;
}

traces::Roof theoretical(traces::RoofLevel level, const char* name, double value,
                         const model::Parameter& parameter) {
  return {.level = level,
          .kind = traces::RoofKind::theoretical,
          .name = name,
          .value = value,
          .source = parameter.source,
          .date = parameter.date};
}

}  // namespace

std::vector<traces::Roof> catalogue_roofs(const DeviceInfo& device) {
  constexpr double giga = 1e9, tera = 1e12;
  for (const model::DeviceModel& known : model::default_catalogue().devices) {
    if (static_cast<int>(known.sm_count.value) != device.sm_count ||
        !names_model(known.title, device.name))
      continue;
    return {theoretical(traces::RoofLevel::dram, "read", known.dram_gb_per_s.value * giga,
                        known.dram_gb_per_s),
            theoretical(traces::RoofLevel::tensor, "mma f16", known.tensor_tflops.value * tera,
                        known.tensor_tflops)};
  }
  return {};
}

}  // namespace kvroof::ceilings
