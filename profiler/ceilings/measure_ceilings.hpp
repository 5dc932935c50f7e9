// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kernels/device.hpp"
#include "traces/trace.hpp"

namespace kvroof::ceilings {

struct Options {
  int samples = 15;    // of every probe; the median counts
  std::string date{};  // ISO 8601 date that the roofs carry
};

/// Measures what `device`, a CUDA device, reaches: bandwidth of device memory (read, write, copy,
/// each the best of several shapes of the probe), of L2 and of shared memory, mma.sync, instruction
/// rates alone and in pairs, floors of a launch, and latencies of memory and L2. Each roof carries
/// the clock it was measured at and its spread. Takes seconds and up to 1 GiB of device memory.
/// Throws std::runtime_error when a probe fails, std::invalid_argument for a device that is not
/// CUDA.
traces::Ceilings measure(Device& device, const Options& options);

}  // namespace kvroof::ceilings
