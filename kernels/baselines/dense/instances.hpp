// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "kernels/baselines/dense/problem.hpp"
#include "kernels/baselines/dense/tile.hpp"

namespace kvroof::dense {

/// Calls run(tile) for the tile of `problem`.
template <class Run>
auto with_tile(const DenseProblem& problem, Run&& run) {
  const auto with_head_dim = [&](auto head_tiles) {
    switch (problem.head_dim) {
      case 64: return run(DenseTile<64, head_tiles()>{});
      case 128: return run(DenseTile<128, head_tiles()>{});
      case 256: return run(DenseTile<256, head_tiles()>{});
      default: reject_instance(problem);
    }
  };
  if (problem.group_size() <= 8) return with_head_dim(std::integral_constant<int, 1>{});
  return with_head_dim(std::integral_constant<int, 2>{});
}

/// The one table of dense instances: calls run(Value{}, tile) for the instance of `problem`.
template <class Run>
void with_instance(const DenseProblem& problem, Run&& run) {
  with_tile(problem, [&](auto tile) {
    switch (problem.value_type) {
      case ValueType::kF16: return run(Half{}, tile);
      case ValueType::kBF16: return run(BFloat16{}, tile);
    }
    reject_instance(problem);
  });
}

}  // namespace kvroof::dense
