// SPDX-License-Identifier: Apache-2.0
#include "reference/attention.hpp"

#include "reference/require.hpp"
#include "reference/softmax.hpp"

namespace kvroof::reference {
namespace {

void require_shape(const char* what, Eigen::Index rows, Eigen::Index cols,
                   const AttentionProblem& p) {
  detail::require(rows == p.keys.rows() && cols == p.keys.cols(),
                  "attention: {} is [{}, {}], the keys are [{}, {}]", what, rows, cols,
                  p.keys.rows(), p.keys.cols());
}

void validate(const AttentionProblem& p) {
  require_shape("values", p.values.rows(), p.values.cols(), p);
  require_shape("key_mask", p.key_mask.rows(), p.key_mask.cols(), p);
  require_shape("value_mask", p.value_mask.rows(), p.value_mask.cols(), p);
  detail::require(p.queries.cols() == p.keys.cols(),
                  "attention: queries have {} channels, the keys have {}", p.queries.cols(),
                  p.keys.cols());
}

}  // namespace

Matrix masked(ConstMatrix rows, ConstMask mask) { return mask.select(rows.array(), 0.0).matrix(); }

AttentionResult attention(const AttentionProblem& problem) {
  validate(problem);
  const Matrix keys = masked(problem.keys, problem.key_mask);
  const Matrix values = masked(problem.values, problem.value_mask);
  const Eigen::Index group = problem.queries.rows();
  AttentionResult result{Matrix(group, keys.cols()), Vector(group)};
  for (Eigen::Index q = 0; q < group; ++q) {
    const Vector scores = problem.scale * (keys * problem.queries.row(q).transpose());
    const Softmax soft = softmax(scores);
    result.outputs.row(q) = soft.weights.transpose() * values;
    result.lse[q] = soft.lse;
  }
  return result;
}

}  // namespace kvroof::reference
