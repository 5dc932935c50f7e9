// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/attention/plan.hpp"

namespace kvroof::two_four {

/// How a 2:4 decode is cut for a device: attention::make_plan() with other shared memory; `lines`
/// stays 0. Throws std::invalid_argument as that does.
attention::DecodePlan make_plan(const attention::DecodeProblem& problem, const DeviceInfo& device,
                                int blocks = 0);

}  // namespace kvroof::two_four
