// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/plan.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "kernels/error.hpp"

namespace kvroof::sweep {
namespace {

constexpr std::size_t kMostConfigurations = 1'000'000;

int to_int(const std::string& value) { return std::stoi(value); }

ValueType value_type_named(const std::string& name) {
  require(name == "f16" || name == "bf16", "-a dtype: must be f16 or bf16, got {}", name);
  return name == "f16" ? ValueType::kF16 : ValueType::kBF16;
}

const validate::Method& kernel_named(const std::string& name) {
  try {
    return validate::method_of_kernel(name);
  } catch (const std::invalid_argument& error) {
    fail("-a kernel: {}", error.what());
  }
}

/// Sets one axis of a configuration to one of its values.
void set_axis(Configuration& configuration, const std::string& name, const std::string& value) {
  validate::Case& one = configuration.one;
  if (name == "query_heads") one.query_heads = to_int(value);
  if (name == "kv_heads") one.kv_heads = to_int(value);
  if (name == "head_dim") one.head_dim = to_int(value);
  if (name == "dtype") one.value_type = value_type_named(value);
  if (name == "batch") one.batch = to_int(value);
  if (name == "kv_len") one.kv_lengths = {to_int(value)};
  if (name == "window") one.window = to_int(value);
  if (name == "sparsity") one.requested_sparsity = std::stod(value);
  if (name == "blocks") one.blocks = to_int(value);
  if (name == "outlier_strength") one.outlier_strength = std::stod(value);
  if (name == "seed") one.seed = std::stoull(value);
  if (name == "kernel") {
    configuration.kernel = value;
    one.method = kernel_named(value).name;
  }
  if (name == "kept" && !value.empty()) {
    one.kept_keys = to_int(value);
    configuration.kept_asked_for = true;
  }
}

const Axis* find(const std::vector<Axis>& axes, std::string_view name) {
  const auto found =
      std::find_if(axes.begin(), axes.end(), [&](const Axis& axis) { return axis.name == name; });
  return found == axes.end() ? nullptr : &*found;
}

void require_consistent(const Request& request) {
  std::set<std::string> names;
  for (const Axis& axis : request.axes)
    require(names.insert(axis.name).second, "-a {}: the axis is there twice", axis.name);
  require(!(names.contains("sparsity") && names.contains("kept")),
          "-a kept: sparsity and kept both say how much survives; give one of them");
  if (request.geometries.empty()) return;
  for (const char* name : {"query_heads", "kv_heads", "head_dim"})
    require(!names.contains(name), "-a {}: --model gives it already; give one of them", name);
}

/// All axes in the order of axis_kinds(): asked for, or at their preset.
std::vector<Axis> all_axes(const Request& request) {
  std::vector<Axis> axes;
  for (const AxisKind& kind : axis_kinds()) {
    const Axis* asked = find(request.axes, kind.name);
    axes.push_back(asked != nullptr ? *asked
                                    : Axis{std::string(kind.name), {std::string(kind.preset)}});
  }
  return axes;
}

/// Number `index` of the product of the axes, the last axis fastest.
Configuration point(const std::vector<Axis>& axes, std::size_t index) {
  Configuration configuration;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    set_axis(configuration, axis->name, axis->values[index % axis->values.size()]);
    index /= axis->values.size();
  }
  return configuration;
}

void set_geometry(Configuration& configuration, const Geometry& geometry) {
  configuration.model = geometry.name;
  configuration.one.query_heads = geometry.query_heads;
  configuration.one.kv_heads = geometry.kv_heads;
  configuration.one.head_dim = geometry.head_dim;
}

}  // namespace

Shard parse_shard(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, shard.index);
  const bool slash = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
  const auto second = slash ? std::from_chars(first.ptr + 1, end, shard.count) : first;
  require(slash && second.ec == std::errc() && second.ptr == end && shard.index >= 0 &&
              shard.index < shard.count,
          "--shard {}: must be i/n with 0 <= i < n, for example 0/4 to 3/4", text);
  return shard;
}

std::vector<Configuration> make_configurations(const Request& request) {
  require_consistent(request);
  const std::vector<Axis> axes = all_axes(request);
  const std::size_t models = std::max<std::size_t>(request.geometries.size(), 1);
  std::size_t points = 1;
  for (const Axis& axis : axes) {
    points *= axis.values.size();
    require(points * models <= kMostConfigurations,
            "-a: the axes have more than {} combinations; sweep in parts", kMostConfigurations);
  }
  const std::size_t kernels = axes.back().values.size();  // the fastest axis
  const auto shards = static_cast<std::size_t>(request.shard.count);
  std::vector<Configuration> configurations;
  for (std::size_t index = 0; index < points * models; ++index) {
    if (index / kernels % shards != static_cast<std::size_t>(request.shard.index)) continue;
    Configuration configuration = point(axes, index % points);
    if (!request.geometries.empty())
      set_geometry(configuration, request.geometries[index / points]);
    configurations.push_back(std::move(configuration));
  }
  return configurations;
}

std::vector<Planned> make_plan(const Request& request, const Device& device,
                               std::uint64_t host_bytes) {
  std::vector<Planned> plan;
  std::set<std::string> keys;  // a kernel that does not heed an axis runs once for all its values
  for (Configuration& configuration : make_configurations(request)) {
    Planned planned{std::move(configuration), {}, {}, 0};
    planned.fit = fit(planned.configuration, device, host_bytes);
    planned.key = key_of(planned.configuration, device.backend());
    if (!keys.insert(planned.key).second) continue;
    planned.cost = simulation_cost(planned.configuration.one);
    plan.push_back(std::move(planned));
  }
  return plan;
}

double simulation_cost(const validate::Case& one) {
  const double rows = static_cast<double>(one.batch) * one.kv_heads * one.max_kv_len();
  // Per element of the cache: packing does the same for all, decoding spends on survivors.
  return rows * (one.head_dim + one.kept_keys + one.kept_values);
}

}  // namespace kvroof::sweep
