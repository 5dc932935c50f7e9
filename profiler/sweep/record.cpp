// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/record.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace kvroof::sweep {
namespace {

const simt::LaunchRecord* find_launch(const CaseRun& run, std::string_view kernel) {
  for (const simt::LaunchRecord& launch : run.launches) {
    if (launch.config.kernel == kernel) return &launch;
  }
  return nullptr;
}

traces::Plan launch_plan(const simt::LaunchConfig& config) {
  return {.grid = {config.grid.x, config.grid.y, config.grid.z},
          .block = {config.threads, 1, 1},
          .shared_bytes = static_cast<std::uint64_t>(config.shared_bytes)};
}

}  // namespace

traces::Record start_record(const Configuration& configuration, Backend backend) {
  traces::Record record;
  record.backend = backend == Backend::kSim ? traces::Backend::sim : traces::Backend::cuda;
  record.kernel.name = configuration.kernel;
  record.problem = to_problem(configuration);
  record.axes = to_axes(configuration);
  return record;
}

void add_run(const Planned& planned, const CaseRun& run, Backend backend, traces::Record& record) {
  const Configuration& configuration = planned.configuration;
  const bool attends = validate::attends(configuration.kernel);
  const validate::Resources& resources = planned.fit.resources;
  add_outcome(configuration, record.problem);
  record.bytes = validate::count_bytes(configuration.kernel, run.one,
                                       resources.launch.workspace_bytes.value_or(0));
  if (attends) {
    record.plan = resources.launch;
    record.work = validate::count_work(run.one);
  }
  const simt::LaunchRecord* launch = find_launch(run, record.kernel.name);
  if (launch == nullptr) {
    record.counters_reason = backend == Backend::kSim
                                 ? "the case launches no such kernel: there is nothing to pack"
                                 : "hardware counters were not collected";
    return;
  }
  if (!attends) record.plan = launch_plan(launch->config);
  record.counters = to_counters(launch->counters);
  record.traffic = to_traffic(launch->counters);
}

void add_check(std::string_view kernel, const CheckResult& check, traces::Record& record) {
  record.status =
      check.status == validate::Status::kPassed ? traces::Status::passed : traces::Status::failed;
  record.reason = check.reason;
  traces::Validation validation{.max_abs_error = check.max_abs_error,
                                .max_rel_error = check.max_rel_error,
                                .tolerance_share = check.tolerance_share,
                                .worst_index = check.worst_index,
                                .num_checked = check.num_checked,
                                .num_mismatched = check.num_mismatched};
  validation.reference = validate::attends(kernel) ? "double, masked dense attention"
                                                   : "per-token magnitude, bit for bit";
  if (!check.coverage.complete()) {
    validation.reference += fmt::format("; {} of {} (sequence, kv head) rows",
                                        check.coverage.rows.size(), check.coverage.rows_total);
  }
  record.validation = std::move(validation);
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace kvroof::sweep
