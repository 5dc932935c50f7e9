// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include "reference/types.hpp"

namespace kvroof::reference {

struct Softmax {
  Vector weights;  // exp(score_j) / sum_i exp(score_i); all zero when no token has weight
  double lse;      // ln sum_j exp(score_j); -inf when no token has weight
};

/// Softmax with the maximum subtracted. No score, or only -inf: weights 0 and LSE -inf. A score of
/// +inf or NaN makes every weight and the LSE NaN, as the formula does (inf - inf).
inline Softmax softmax(ConstVector scores) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const bool weightless = (scores.array() == -infinity).all();  // true for an empty vector
  if (weightless) return {Vector::Zero(scores.size()), -infinity};
  const double max = scores.maxCoeff<Eigen::PropagateNaN>();
  const Vector exps = (scores.array() - max).exp();
  const double sum = exps.sum();
  return {exps / sum, max + std::log(sum)};
}

}  // namespace kvroof::reference
