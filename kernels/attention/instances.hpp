// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "kernels/attention/problem.hpp"

namespace kvroof::attention {

/// The one table of decode instances: calls run(Value{}, integral_constant<head_dim>) for the
/// instance of `problem`.
template <class Run>
void with_instance(const DecodeProblem& problem, Run&& run) {
  if (problem.head_dim != 128) reject_instance(problem);
  switch (problem.value_type) {
    case ValueType::kF16: return run(Half{}, std::integral_constant<int, 128>{});
    case ValueType::kBF16: return run(BFloat16{}, std::integral_constant<int, 128>{});
  }
  reject_instance(problem);
}

}  // namespace kvroof::attention
