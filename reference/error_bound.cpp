// SPDX-License-Identifier: Apache-2.0
#include "reference/error_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/require.hpp"

namespace kvroof::reference {
namespace {

constexpr double kTruncation = 0x1p-23;     // u of the derivation
constexpr double kLargestExponent = 600.0;  // exp() of it times any sum of values is still finite

double gamma(std::int64_t roundings) {
  const double nu = static_cast<double>(roundings) * kTruncation;
  detail::require(roundings >= 0 && nu < 0.5,
                  "error bound: {} fp32 roundings in a row, 0..2^22 wanted", roundings);
  return nu / (1.0 - nu);
}

/// Everything about one query that the steps of the derivation share.
struct QueryScales {
  Vector weights;           // w_j, [kv_len]
  Vector grown;             // w_j exp(e_j), [kv_len]
  double max_magnitude;     // max_j a_j
  double max_error;         // max_j e_j
  double shrunk_sum;        // Z
  double subnormal_weight;  // t / max(1, L Z)
};

QueryScales scales_of(const Matrix& keys, const Eigen::RowVectorXd& query, double scale, double lse,
                      const KernelArithmetic& arithmetic) {
  const double r = unit_roundoff(arithmetic.weights);
  const Vector scores = scale * (keys * query.transpose());
  // A token whose score is -inf has no weight in the kernel either, so it adds no error.
  const Vector magnitudes = scores.array().isInf().select(
      0.0, std::abs(scale) * (keys.cwiseAbs() * query.cwiseAbs().transpose()).array());
  QueryScales q;
  q.max_magnitude = magnitudes.maxCoeff();
  const Vector errors =
      (gamma(arithmetic.score_roundings) + 4.0 * kTruncation) * magnitudes.array() +
      4.0 * kTruncation * (q.max_magnitude + 1.0) + r / (1.0 - r);
  q.max_error = errors.maxCoeff();
  const Vector log_weights = scores.array() - lse;
  q.weights = log_weights.array().exp();
  q.grown = (log_weights + errors).array().min(kLargestExponent).exp();
  q.shrunk_sum =
      std::max(std::numeric_limits<double>::min(), (log_weights - errors).array().exp().sum());
  const double sum_over_max = std::exp(lse - scores.maxCoeff());  // L
  q.subnormal_weight =
      subnormal_error(arithmetic.weights) / std::max(1.0, sum_over_max * q.shrunk_sum);
  return q;
}

Eigen::RowVectorXd output_bound(const QueryScales& q, const Matrix& values,
                                const Eigen::RowVectorXd& output,
                                const KernelArithmetic& arithmetic) {
  const Matrix distance = (values.rowwise() - output).cwiseAbs();  // |v_j - o|, [kv_len, head_dim]
  const Eigen::ArrayXXd farthest = distance.colwise().maxCoeff().array();
  const Vector growth = q.grown - q.weights;
  const Eigen::ArrayXXd mean_shift =  // T
      ((growth.transpose() * distance).array() / q.shrunk_sum).min(farthest);
  const Eigen::ArrayXXd spread =
      ((q.grown.transpose() * distance).array() / q.shrunk_sum).min(farthest);
  const Eigen::ArrayXXd size = output.cwiseAbs().array();
  const Eigen::ArrayXXd value_sum = values.cwiseAbs().colwise().sum().array();
  const double sum_error = gamma(arithmetic.value_roundings);
  const double kv_len = static_cast<double>(values.rows());

  Eigen::ArrayXXd bound = mean_shift + unit_roundoff(arithmetic.weights) * (size + mean_shift);
  bound += sum_error * (size + spread) + sum_error * (size + mean_shift);
  bound += q.subnormal_weight * (value_sum + kv_len * size);
  bound += unit_roundoff(arithmetic.outputs) * (size + bound) + subnormal_error(arithmetic.outputs);
  return bound.matrix();
}

double lse_bound(const QueryScales& q, double lse, const KernelArithmetic& arithmetic) {
  const double weighted_change = std::max(std::log(q.grown.sum()), -std::log(q.shrunk_sum));
  const double sum_change = q.max_error < 1.0 ? weighted_change : q.max_error;
  return sum_change + gamma(arithmetic.value_roundings) +
         q.subnormal_weight * static_cast<double>(q.weights.size()) +
         4.0 * kTruncation * (std::abs(lse) + q.max_magnitude + 1.0);
}

double finite_or_zero(double bound, double reference) {
  return std::isfinite(reference) && std::isfinite(bound) ? bound : 0.0;
}

}  // namespace

double unit_roundoff(Precision precision) {
  switch (precision) {
    case Precision::kF16: return 0x1p-11;
    case Precision::kBF16: return 0x1p-8;
    case Precision::kF32: return 0x1p-24;
  }
  throw std::invalid_argument("unit_roundoff: unknown precision");
}

double subnormal_error(Precision precision) {
  switch (precision) {
    case Precision::kF16: return 0x1p-25;
    case Precision::kBF16: return 0x1p-134;
    case Precision::kF32: return 0x1p-150;
  }
  throw std::invalid_argument("subnormal_error: unknown precision");
}

KernelArithmetic serial_arithmetic(Precision weights, Precision outputs, std::int64_t head_dim,
                                   std::int64_t kv_len) {
  return {weights, outputs, head_dim, kv_len + kv_len / 16 + 32};
}

AttentionErrorBound attention_error_bound(const AttentionProblem& problem,
                                          const AttentionResult& result,
                                          const KernelArithmetic& arithmetic) {
  const Matrix keys = masked(problem.keys, problem.key_mask);
  const Matrix values = masked(problem.values, problem.value_mask);
  const Eigen::Index group = problem.queries.rows();
  AttentionErrorBound bound{Matrix::Zero(group, keys.cols()), Vector::Zero(group)};
  for (Eigen::Index q = 0; q < group; ++q) {
    const double lse = result.lse[q];
    if (!std::isfinite(lse)) continue;
    const QueryScales scales =
        scales_of(keys, problem.queries.row(q), problem.scale, lse, arithmetic);
    const Eigen::RowVectorXd row = output_bound(scales, values, result.outputs.row(q), arithmetic);
    for (Eigen::Index c = 0; c < keys.cols(); ++c) {
      bound.outputs(q, c) = finite_or_zero(row[c], result.outputs(q, c));
    }
    bound.lse[q] = finite_or_zero(lse_bound(scales, lse, arithmetic), lse);
  }
  return bound;
}

}  // namespace kvroof::reference
