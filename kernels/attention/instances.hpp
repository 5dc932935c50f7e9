// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "kernels/attention/problem.hpp"
#include "kernels/attention/tile.hpp"

namespace kvroof::attention {

/// Calls run(integral_constant<head_dim>, integral_constant<head tiles>) for the group and head_dim
/// of `problem`.
template <class Run>
auto with_shape(const DecodeProblem& problem, Run&& run) {
  const auto with_head_dim = [&](auto head_tiles) {
    switch (problem.head_dim) {
      case 64: return run(std::integral_constant<int, 64>{}, head_tiles);
      case 128: return run(std::integral_constant<int, 128>{}, head_tiles);
      case 256: return run(std::integral_constant<int, 256>{}, head_tiles);
      default: reject_instance(problem);
    }
  };
  if (problem.group_size() <= 8) return with_head_dim(std::integral_constant<int, 1>{});
  return with_head_dim(std::integral_constant<int, 2>{});
}

/// The one table of decode instances: calls run(Value{}, head_dim, head_tiles) for the instance of
/// `problem`.
template <class Run>
void with_instance(const DecodeProblem& problem, Run&& run) {
  with_shape(problem, [&](auto head_dim, auto head_tiles) {
    switch (problem.value_type) {
      case ValueType::kF16: return run(Half{}, head_dim, head_tiles);
      case ValueType::kBF16: return run(BFloat16{}, head_dim, head_tiles);
    }
    reject_instance(problem);
  });
}

}  // namespace kvroof::attention
