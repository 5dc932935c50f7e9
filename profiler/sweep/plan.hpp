// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiler/sweep/axis.hpp"
#include "profiler/sweep/configuration.hpp"
#include "profiler/sweep/geometry.hpp"

namespace kvroof::sweep {

/// A share of a plan: cases number `index`, index + count, ... Slurm's --array=0-3 is 0/4 .. 3/4.
struct Shard {
  int index = 0;
  int count = 1;
};
/// "i/n" with 0 <= i < n; throws std::invalid_argument.
Shard parse_shard(const std::string& text);

/// What a sweep was asked for.
struct Request {
  std::vector<Axis> axes;            // at most one of a name
  std::vector<Geometry> geometries;  // presets to run; empty: the axes give the geometry
  Shard shard;
};

/// The cartesian product of all axes, those not asked for at their preset, models slowest and
/// kernels fastest; cut to the shard. The kernels of one case stay in one shard, next to each
/// other, because they share a run. Throws std::invalid_argument when axes contradict each other or
/// the product has more than a million configurations.
std::vector<Configuration> make_configurations(const Request& request);

/// A configuration and what becomes of it.
struct Planned {
  Configuration configuration;
  Fit fit;
  std::string key;
  double cost = 0;  // expected effort in units of its own; comparable within a plan
};

std::vector<Planned> make_plan(const Request& request, const Device& device,
                               std::uint64_t host_bytes);

/// Effort of running and checking a case on the simulator, roughly proportional to its time.
double simulation_cost(const validate::Case& one);

}  // namespace kvroof::sweep
