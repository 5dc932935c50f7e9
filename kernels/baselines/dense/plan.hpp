// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kernels/baselines/dense/problem.hpp"
#include "kernels/device_info.hpp"

namespace kvroof::dense {

/// How a DenseProblem is cut for a device. Pure data; make_plan() computes it, launch() obeys it.
struct DensePlan {
  int blocks = 0;  // of the grid; they share all the work equally (attention/schedule.hpp)
  int warps = 0;   // per block
  std::int64_t shared_bytes = 0;  // dynamic, per block

  bool operator==(const DensePlan&) const = default;
};

/// One block per SM, fewer where there is little work. `blocks` > 0 fixes their number: results are
/// deterministic for a fixed number of blocks and warps. Throws std::invalid_argument when there is
/// no instance, the device has too little shared memory or the work does not fit 31 bits.
DensePlan make_plan(const DenseProblem& problem, const DeviceInfo& device, int blocks = 0);

/// Bytes of DenseProblem::workspace.
std::int64_t workspace_bytes(const DenseProblem& problem, const DensePlan& plan);

/// "132 blocks x 8 warps, 208896 B shared": one line for people.
std::string describe(const DensePlan& plan);

}  // namespace kvroof::dense
