// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kernels/device.hpp"
#include "profiler/validate/method.hpp"
#include "traces/trace.hpp"

namespace kvroof::sweep {

/// One point of a sweep: a kernel (validate/method.hpp) on a case of its method. The case's kept
/// counts are set by fit() only.
struct Configuration {
  std::string kernel = "decode";
  validate::Case one;
  bool kept_asked_for = false;  // by count, not by sparsity
  std::string model;            // geometry preset; empty when none
};

/// The problem as records hold it: what was asked for.
traces::Problem to_problem(const Configuration& configuration);
/// Adds what came of it; needs kept counts that fit() has set.
void add_outcome(const Configuration& configuration, traces::Problem& problem);

/// Swept axes that are no field of the problem: "blocks" when fixed, "kept" when asked for.
std::map<std::string, std::string> to_axes(const Configuration& configuration);

/// What resuming and comparing match by.
std::string key_of(const Configuration& configuration, Backend backend);

/// "decode, 1 x 32/8 heads x 4096 tokens x 128, window 32, kept 64/64, f16".
std::string describe(const Configuration& configuration);

/// Bytes that running a configuration takes at its peak.
struct MemoryNeed {
  std::uint64_t device = 0;  // arrays in the memory of the device, real or simulated
  std::uint64_t host = 0;    // of this process, the simulated device's memory included
};
MemoryNeed memory_needed(const validate::Case& one, Backend backend,
                         const validate::Resources& resources);

/// What becomes of a configuration on a device, known before anything runs.
struct Fit {
  std::string skip_reason;        // empty: it can run
  validate::Resources resources;  // when it can run
  MemoryNeed memory;
};

/// Sets the case's kept counts and decides whether there is a kernel instance and memory for it.
/// `host_bytes` is what the host has to give.
Fit fit(Configuration& configuration, const Device& device, std::uint64_t host_bytes);

/// Bytes that this process may still take: MemAvailable of /proc/meminfo.
std::uint64_t available_host_bytes();

}  // namespace kvroof::sweep
