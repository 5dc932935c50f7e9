// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/attention/plan.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/device.hpp"

namespace kvroof::attention {

/// Launches the decode kernel of `problem` on `device`, whose build of the kernels runs
/// (simulator or CUDA). Returns once they are queued; device.synchronize() reports failures. Throws
/// std::invalid_argument as validate() does, std::runtime_error when the launch is refused or this
/// program has no build for the device's backend.
void launch(const DecodeProblem& problem, const DecodePlan& plan, Device& device);

}  // namespace kvroof::attention
