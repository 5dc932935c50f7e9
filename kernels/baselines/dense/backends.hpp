// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/baselines/dense/plan.hpp"
#include "kernels/baselines/dense/problem.hpp"
#include "kernels/device.hpp"

// The builds of the kernel that launch.cpp chooses from.
namespace kvroof::dense {

void launch_simt(const DenseProblem& problem, const DensePlan& plan, Device& device);
void launch_cuda(const DenseProblem& problem, const DensePlan& plan, Device& device);

}  // namespace kvroof::dense
