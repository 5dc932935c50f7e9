// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/attention/plan.hpp"

namespace kvroof::two_four {

/// How a 2:4 decode is cut for a device: attention::make_plan() with other shared memory; `lines`
/// stays 0. Throws std::invalid_argument as that does.
attention::DecodePlan make_plan(const attention::DecodeProblem& problem, const DeviceInfo& device,
                                int blocks = 0);

/// "132 blocks x 12 warps, 221376 B shared": one line for people.
std::string describe(const attention::DecodePlan& plan);

}  // namespace kvroof::two_four
