// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "kernels/simt/meter.hpp"

namespace kvroof::simt {

/// Traffic of one kind of instruction to global memory.
struct GlobalTraffic {
  std::int64_t requests = 0;  // warp instructions with an active lane
  std::int64_t sectors = 0;   // 32-byte sectors asked for, each once per request
  std::int64_t bytes = 0;     // bytes asked for by active lanes
  auto operator<=>(const GlobalTraffic&) const = default;
};

/// Traffic of one kind of instruction to shared memory: 32 banks of 4 bytes.
struct SharedTraffic {
  std::int64_t requests = 0;          // warp instructions with an active lane
  std::int64_t wavefronts = 0;        // passes over the banks
  std::int64_t ideal_wavefronts = 0;  // passes if no two words had met in one bank
  auto operator<=>(const SharedTraffic&) const = default;
  std::int64_t bank_conflicts() const { return wavefronts - ideal_wavefronts; }
};

/// What a kernel did, in warp instructions. All counts are simulated; docs/simulator.md says how
/// they relate to those of a GPU.
struct Counters {
  GlobalTraffic global_load, global_store, global_atomic;
  GlobalTraffic async_copy;  // per lane: cp.async
  GlobalTraffic warp_copy;   // of one range for a whole warp: cp.async.bulk
  SharedTraffic shared_load, shared_store, shared_atomic, load_matrix;
  std::int64_t footprint_read_bytes = 0;     // 32 bytes for each distinct sector read in a launch
  std::int64_t footprint_written_bytes = 0;  // the same for sectors written
  std::int64_t mma = 0;
  std::int64_t mma_flops = 0;  // 2 m n k for each mma
  std::int64_t shuffles = 0;
  std::int64_t votes = 0;
  std::int64_t reductions = 0;
  std::int64_t move_matrix = 0;
  std::int64_t warp_barriers = 0;
  std::int64_t block_barriers = 0;      // warps that passed one
  std::int64_t diverged_segments = 0;   // stretches in which the lanes of a warp differed
  std::int64_t ungrouped_accesses = 0;  // lane accesses that were counted one by one: see docs
  PipeCounts instructions{};            // warp instructions by Pipe

  auto operator<=>(const Counters&) const = default;
  Counters& operator+=(const Counters& other);
  std::int64_t issued(Pipe pipe) const {
    return static_cast<std::int64_t>(instructions[static_cast<std::size_t>(pipe)]);
  }
};

}  // namespace kvroof::simt
