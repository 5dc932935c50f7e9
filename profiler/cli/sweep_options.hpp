// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "profiler/cli/backend_options.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/sweep/geometry.hpp"
#include "profiler/sweep/gpu_measure.hpp"
#include "profiler/sweep/plan.hpp"
#include "profiler/sweep/sweep.hpp"

namespace kvroof::cli {

/// The arguments of `kvroof sweep`.
struct SweepArguments {
  std::vector<std::string> axes;
  std::vector<std::string> models;
  std::string model_file;
  bool list = false;
  bool dry_run = false;
  sweep::SweepOptions options;
  std::string trace;
  bool resume = false;
  std::string shard = "0/1";
  std::vector<std::string> predict_on;
  std::string ceilings;
  sweep::MeasureOptions measure;
  bool no_counters = false;
  BackendOptions backend;
  TableOutput output;
};
void add_sweep_options(CLI::App& command, SweepArguments& arguments);

/// Built in, and those of --model-file.
std::vector<sweep::Geometry> known_geometries(const SweepArguments& arguments);

/// Throws std::invalid_argument naming the argument that cannot be used.
sweep::Request to_request(const SweepArguments& arguments);

}  // namespace kvroof::cli
