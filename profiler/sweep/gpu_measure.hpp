// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "profiler/measure/stopping.hpp"
#include "profiler/sweep/sweep.hpp"

namespace kvroof::sweep {

struct MeasureOptions {
  measure::StoppingRule rule{};
  bool counters = true;
  std::vector<std::string> metrics{};  // more CUPTI metrics
};

/// What completes the records of a sweep on `device`, a CUDA device, with measured times, counters,
/// traffic and activities. All kernels of a case, and the dense decode of the same cache beside
/// them, are timed in one interleaved group, once; a record takes its own from it. What the
/// rotation over copies looks like is in axes of no record but in the environment's l2_policy.
Complete measure_on_gpu(Device& device, MeasureOptions options);

/// Fills in what NVML and CUPTI know of the device and what stands for its L2 when it is timed.
void describe_gpu(Device& device, traces::Environment& environment);

}  // namespace kvroof::sweep
