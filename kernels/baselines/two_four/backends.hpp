// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/attention/plan.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/device.hpp"

// The builds of the kernel that launch.cpp chooses from.
namespace kvroof::two_four {

void launch_simt(const attention::DecodeProblem& problem, const attention::DecodePlan& plan,
                 Device& device);
void launch_cuda(const attention::DecodeProblem& problem, const attention::DecodePlan& plan,
                 Device& device);

}  // namespace kvroof::two_four
