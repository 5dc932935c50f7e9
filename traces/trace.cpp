// SPDX-License-Identifier: Apache-2.0
#include "traces/trace.hpp"

#include <fmt/format.h>

#include "traces/enum_names.hpp"

namespace kvroof::traces {
namespace {

template <class Enum>
std::string_view name_in_table(Enum value) {
  static constexpr auto names = detail::enum_names(Enum{});
  const auto index = static_cast<std::size_t>(value);
  return index < names.size() ? names[index] : "?";
}

template <class T>
const T* find_by_id(const std::map<std::string, T>& values, const std::string& id) {
  const auto found = values.find(id);
  return found == values.end() ? nullptr : &found->second;
}

/// Text in quotes, so that no text can imitate the rest of a key.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string side_key(const PrunedSide& side) {
  return fmt::format("{},{},{}", side.requested_sparsity, quoted(side.rule), quoted(side.format));
}

}  // namespace

std::uint64_t compressed_bytes(const Bytes& bytes) {
  return bytes.key_values + bytes.value_values + bytes.key_bitmaps + bytes.value_bitmaps +
         bytes.indices + bytes.padding + bytes.window;
}

std::optional<double> compression_ratio(const Bytes& bytes) {
  const std::uint64_t compressed = compressed_bytes(bytes);
  if (compressed == 0 || bytes.dense == 0) return std::nullopt;
  return static_cast<double>(bytes.dense) / static_cast<double>(compressed);
}

const Environment* environment_of(const Trace& trace, const Record& record) {
  return find_by_id(trace.environments, record.environment_id);
}

const Ceilings* ceilings_of(const Trace& trace, const Record& record) {
  return find_by_id(trace.ceilings, record.ceilings_id);
}

std::string configuration_key(const Kernel& kernel, Backend backend, const Problem& problem,
                              const std::map<std::string, std::string>& axes) {
  std::string key = fmt::format(
      "kernel={} variant={} backend={} batch={} query_heads={} kv_heads={} head_dim={} kv_len={} "
      "window={} dtype={}"
      " keys={} values={} seed={} input={} model={}",
      quoted(kernel.name), quoted(kernel.variant), name_of(backend), problem.batch,
      problem.query_heads, problem.kv_heads, problem.head_dim, problem.kv_len, problem.window,
      quoted(problem.dtype), side_key(problem.keys), side_key(problem.values), problem.seed,
      quoted(problem.input), quoted(problem.model.value_or("")));
  if (const auto& lengths = problem.lengths) {
    key += fmt::format(" lengths={},{},{},{}", lengths->min, lengths->mean, lengths->max,
                       lengths->total);
  }
  for (const auto& [name, value] : axes) key += fmt::format(" {}={}", quoted(name), quoted(value));
  return key;
}

std::string configuration_key(const Record& record) {
  return configuration_key(record.kernel, record.backend, record.problem, record.axes);
}

std::string_view name_of(Provenance value) { return name_in_table(value); }
std::string_view name_of(Backend value) { return name_in_table(value); }
std::string_view name_of(Status value) { return name_in_table(value); }
std::string_view name_of(MemoryLevel value) { return name_in_table(value); }
std::string_view name_of(RoofLevel value) { return name_in_table(value); }
std::string_view name_of(RoofKind value) { return name_in_table(value); }

std::string_view roof_unit(RoofLevel level) {
  switch (level) {
    case RoofLevel::dram:
    case RoofLevel::l2:
    case RoofLevel::shared: return "bytes_per_s";
    case RoofLevel::tensor:
    case RoofLevel::cuda_core: return "flop_per_s";
    case RoofLevel::instruction: return "instr_per_s";
    case RoofLevel::launch:
    case RoofLevel::latency: return "ns";
  }
  return "?";
}

}  // namespace kvroof::traces
