// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "profiler/model/catalogue.hpp"

namespace kvroof::model {

/// What a launch asks of an SM.
struct LaunchShape {
  int blocks = 0;
  int warps = 0;                  // per block
  std::int64_t shared_bytes = 0;  // per block, static and dynamic
  int registers = 0;              // per thread, from the compiler
};

/// How many blocks an SM holds at once, and what stops one more.
struct Occupancy {
  int blocks_per_sm = 0;
  std::string limit{};        // "shared memory", "registers", "warps", "blocks"
  std::string wont_launch{};  // one sentence when not even one block fits; "" when it launches

  /// Blocks of the launch that run at the same time.
  int resident_blocks(const LaunchShape& shape, int sm_count) const;
  /// Rounds in which the launch is worked off: ceil(blocks / resident at most).
  int waves(const LaunchShape& shape, int sm_count) const;
};

/// blocks per SM = min(max blocks, shared of the SM / (shared of the block + 1 KiB), max warps /
/// warps, registers of the SM / (registers rounded up to 8 x 32 x warps)). The KiB is what the
/// driver reserves per block since compute capability 8.0 (NVIDIA/cccl, arch_traits.cuh). Throws
/// std::invalid_argument for a shape that no launch can have.
Occupancy occupancy(const LaunchShape& shape, const DeviceModel& device);

}  // namespace kvroof::model
