// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device.hpp"
#include "kernels/prune/problem.hpp"
#include "kernels/prune/weights_problem.hpp"

namespace kvroof::prune {

/// Launches the mask kernels of `problem` on `device`. Returns once they are queued;
/// device.synchronize() reports failures. Throws std::invalid_argument as validate() does,
/// std::runtime_error when a launch is refused.
void launch(const PruneProblem& problem, Device& device);

/// The same for the weights that output-aware values are ranked by: two kernels.
void launch(const WeightsProblem& problem, Device& device);

}  // namespace kvroof::prune
