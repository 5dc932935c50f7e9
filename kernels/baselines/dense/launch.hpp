// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/baselines/dense/plan.hpp"
#include "kernels/baselines/dense/problem.hpp"
#include "kernels/device.hpp"

namespace kvroof::dense {

/// Launches the dense kernel of `problem` on `device`, whose build of the kernels runs (simulator
/// or CUDA). Returns once it is queued; device.synchronize() reports failures. Throws
/// std::invalid_argument as validate() does, std::runtime_error when the launch is refused.
void launch(const DenseProblem& problem, const DensePlan& plan, Device& device);

}  // namespace kvroof::dense
