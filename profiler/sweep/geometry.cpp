// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/geometry.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "kernels/error.hpp"
#include "kvroof_models.hpp"

namespace kvroof::sweep {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMostHeads = 65535;

/// An entry of the file and where it stands, for errors.
struct Entry {
  std::string where;  // "models.json: model 3"
  const Json& json;

  const Json& field(const char* name) const {
    require(json.is_object(), "{} is no object", where);
    const auto found = json.find(name);
    require(found != json.end(), "{} has no \"{}\"", where, name);
    return *found;
  }
  std::string text(const char* name) const {
    const Json& value = field(name);
    require(value.is_string() && !value.get<std::string>().empty(),
            "{}: \"{}\" must be a text that is not empty", where, name);
    return value.get<std::string>();
  }
  int count(const char* name) const {
    const Json& value = field(name);
    require(value.is_number_integer() && value >= 1 && value <= kMostHeads,
            "{}: \"{}\" must be a whole number from 1 to {}, got {}", where, name, kMostHeads,
            value.dump());
    return value.get<int>();
  }
};

Geometry parse_geometry(const Entry& entry) {
  Geometry geometry{entry.text("name"), entry.count("query_heads"), entry.count("kv_heads"),
                    entry.count("head_dim"), entry.text("source")};
  require(geometry.query_heads % geometry.kv_heads == 0,
          "{}: query_heads ({}) must be a multiple of kv_heads ({})", entry.where,
          geometry.query_heads, geometry.kv_heads);
  return geometry;
}

std::vector<Geometry> parse_geometries(const std::string& text, const std::string& file) {
  const Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  require(!document.is_discarded(), "{}: is no JSON", file);
  require(document.is_object() && document.contains("models") && document["models"].is_array(),
          "{}: must be an object with a list \"models\"", file);
  std::vector<Geometry> geometries;
  std::set<std::string> names;
  for (const Json& json : document["models"]) {
    const std::string where = fmt::format("{}: model {}", file, geometries.size() + 1);
    geometries.push_back(parse_geometry({where, json}));
    require(names.insert(geometries.back().name).second, "{}: the name {} is there twice", where,
            geometries.back().name);
  }
  require(!geometries.empty(), "{}: holds no model", file);
  return geometries;
}

}  // namespace

std::vector<Geometry> built_in_geometries() { return parse_geometries(kModelsJson, "models.json"); }

std::vector<Geometry> read_geometries(const std::filesystem::path& path) {
  require(std::filesystem::is_regular_file(path), "--model-file {}: there is no such file",
          path.string());
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  require(!file.bad() && file.is_open(), "--model-file {}: cannot be read", path.string());
  return parse_geometries(text, "--model-file " + path.string());
}

void merge_geometries(std::vector<Geometry>& geometries, const std::vector<Geometry>& more) {
  for (const Geometry& geometry : more) {
    const auto same = std::find_if(geometries.begin(), geometries.end(),
                                   [&](const Geometry& g) { return g.name == geometry.name; });
    if (same == geometries.end()) {
      geometries.push_back(geometry);
    } else {
      *same = geometry;
    }
  }
}

const Geometry& find_geometry(const std::vector<Geometry>& geometries, std::string_view name) {
  const auto found = std::find_if(geometries.begin(), geometries.end(),
                                  [&](const Geometry& g) { return g.name == name; });
  if (found != geometries.end()) return *found;
  std::vector<std::string> names;
  for (const Geometry& geometry : geometries) names.push_back(geometry.name);
  fail("--model: there is no model \"{}\"; the models are {}; --model-file adds more", name,
       fmt::join(names, ", "));
}

}  // namespace kvroof::sweep
