// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/attention/plan.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/device.hpp"

// The builds of the kernels that launch.cpp chooses from.
namespace kvroof::attention {

void launch_simt(const DecodeProblem& problem, const DecodePlan& plan, Device& device);
void launch_cuda(const DecodeProblem& problem, const DecodePlan& plan, Device& device);

}  // namespace kvroof::attention
