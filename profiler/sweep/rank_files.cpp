// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "profiler/sweep/ranks.hpp"
#include "traces/merge.hpp"
#include "traces/read.hpp"
#include "traces/write.hpp"

namespace kvroof::sweep {
namespace {

namespace fs = std::filesystem;

/// The number in "t.rank12.jsonl", where `trace` is "t.jsonl".
std::optional<int> rank_in_name(const std::string& name, const fs::path& trace) {
  const std::string before = trace.stem().string() + ".rank";
  const std::string after = trace.extension().string();
  if (name.size() <= before.size() + after.size()) return std::nullopt;
  if (!name.starts_with(before) || !name.ends_with(after)) return std::nullopt;
  const char* first = name.data() + before.size();
  const char* last = name.data() + name.size() - after.size();
  int rank = 0;
  const auto [end, error] = std::from_chars(first, last, rank);
  if (error != std::errc() || end != last || rank < 0) return std::nullopt;
  return rank;
}

}  // namespace

Shard shard_of_rank(const Shard& shard, int rank, int count) {
  return {.index = shard.index + shard.count * rank, .count = shard.count * count};
}

fs::path rank_path(const fs::path& trace, int rank) {
  fs::path path = trace;
  path.replace_filename(
      fmt::format("{}.rank{}{}", trace.stem().string(), rank, trace.extension().string()));
  return path;
}

std::vector<fs::path> rank_paths(const fs::path& trace) {
  const fs::path folder = trace.has_parent_path() ? trace.parent_path() : fs::path(".");
  std::map<int, fs::path> found;
  std::error_code none;  // a folder that is not there holds no files
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
    if (const auto rank = rank_in_name(entry.path().filename().string(), trace))
      found.emplace(*rank, rank_path(trace, *rank));
  }
  std::vector<fs::path> paths;
  for (auto& [rank, path] : found) paths.push_back(std::move(path));
  return paths;
}

void gather_ranks(const fs::path& trace) {
  const std::vector<fs::path> parts = rank_paths(trace);
  if (parts.empty()) return;
  std::vector<traces::Trace> all;
  if (fs::exists(trace)) all.push_back(traces::read_trace(trace, traces::OnBadLine::warn));
  for (const fs::path& part : parts)
    all.push_back(traces::read_trace(part, traces::OnBadLine::warn));
  traces::write_trace(trace, traces::merge(std::move(all)));
  for (const fs::path& part : parts) fs::remove(part);
}

}  // namespace kvroof::sweep
