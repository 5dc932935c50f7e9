// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "profiler/sweep/case_run.hpp"
#include "profiler/sweep/plan.hpp"
#include "traces/trace.hpp"

namespace kvroof::sweep {

/// What is known of a configuration before it runs: kernel, problem, axes. Status passed, no time.
traces::Record start_record(const Configuration& configuration, Backend backend);

/// Plan, bytes by part (modelled: computed from shapes, exact because every row keeps the same
/// count), work (modelled), and on the simulator counters and traffic of the kernel's launch
/// (simulated). On CUDA counters_reason says that none were collected.
void add_run(const Planned& planned, const CaseRun& run, Backend backend, traces::Record& record);

/// Status, reason and errors of the comparison with the reference.
void add_check(std::string_view kernel, const CheckResult& check, traces::Record& record);

/// What one launch did, by name.
std::map<std::string, traces::Counter> to_counters(const simt::Counters& counters);

/// Traffic of one launch. dram: every distinct 32-byte sector once, what a cold cache without
/// limits would ask of memory. l2: every sector of every request. shared: 128 bytes per wavefront.
std::vector<traces::Traffic> to_traffic(const simt::Counters& counters);

/// Device, software and command line of this run.
traces::Environment describe_run(const Device& device, const std::vector<std::string>& argv);

/// Now, as records hold it: "2026-11-24T09:30:00Z".
std::string utc_now();

}  // namespace kvroof::sweep
