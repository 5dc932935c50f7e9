// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kvroof::sweep {

/// The attention geometry of a published model.
struct Geometry {
  std::string name;
  int query_heads = 0;
  int kv_heads = 0;  // divides query_heads
  int head_dim = 0;
  std::string source;  // where the numbers come from
};

/// The geometries of models.json, which is part of the program.
std::vector<Geometry> built_in_geometries();

/// Reads a file of the form of models.json: {"models": [{"name", "query_heads", "kv_heads",
/// "head_dim", "source"}]}. Throws std::invalid_argument naming file and entry when it cannot be
/// read, is no such file, or holds numbers that make no sense.
std::vector<Geometry> read_geometries(const std::filesystem::path& path);

/// Adds `more`, whose entries replace those of the same name.
void merge_geometries(std::vector<Geometry>& geometries, const std::vector<Geometry>& more);

/// Throws std::invalid_argument naming those there are when there is none of that name.
const Geometry& find_geometry(const std::vector<Geometry>& geometries, std::string_view name);

}  // namespace kvroof::sweep
