// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "kernels/attention/plan.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/device.hpp"

// The builds of the kernel that launch.cpp chooses from.
namespace kvroof::two_four {

/// Calls run(Value{}, integral_constant<head_dim>) for the instance of a validated problem.
template <class Run>
void with_instance(const attention::DecodeProblem& problem, Run&& run) {
  constexpr std::integral_constant<int, 128> head_dim;
  if (problem.value_type == ValueType::kF16) return run(Half{}, head_dim);
  run(BFloat16{}, head_dim);
}

void launch_simt(const attention::DecodeProblem& problem, const attention::DecodePlan& plan,
                 Device& device);
void launch_cuda(const attention::DecodeProblem& problem, const attention::DecodePlan& plan,
                 Device& device);

}  // namespace kvroof::two_four
