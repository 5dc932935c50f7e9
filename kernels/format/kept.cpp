// SPDX-License-Identifier: Apache-2.0
#include "kernels/format/kept.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/error.hpp"

namespace kvroof {

int kept_from_sparsity(int head_dim, double sparsity) {
  constexpr int kStep = 8;
  require(head_dim > 0 && head_dim % kStep == 0,
          "sparsity: head_dim must be a positive multiple of {}, got {}", kStep, head_dim);
  require(sparsity >= 0.0 && sparsity < 1.0, "sparsity: must be at least 0 and below 1, got {}",
          sparsity);
  const auto steps = static_cast<int>(std::lround(head_dim * (1.0 - sparsity) / kStep));
  return std::max(steps, 1) * kStep;
}

double effective_sparsity(int head_dim, int kept) {
  return 1.0 - static_cast<double>(kept) / head_dim;
}

}  // namespace kvroof
