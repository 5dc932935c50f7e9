// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/types.hpp"

namespace kvroof::reference {

/// One kv head of one sequence and the query heads that share it. Pruned entries count as zero,
/// whatever they hold (NaN included).
struct AttentionProblem {
  ConstMatrix keys;      // [kv_len, head_dim]
  ConstMatrix values;    // [kv_len, head_dim]
  ConstMask key_mask;    // [kv_len, head_dim], true = kept
  ConstMask value_mask;  // [kv_len, head_dim], true = kept
  ConstMatrix queries;   // [group, head_dim]
  double scale;          // multiplies q.k, usually 1/sqrt(head_dim)
};

struct AttentionResult {
  Matrix outputs;  // [group, head_dim]
  Vector lse;      // [group], natural logarithm of sum_j exp(score_j)
};

/// The cache as attention sees it: pruned entries replaced by zero.
Matrix masked(ConstMatrix rows, ConstMask mask);

/// Softmax attention of one decode query per head, by the textbook formula in double precision:
///   score_j = scale * q.k_j,  output = sum_j exp(score_j - max) v_j / sum_j exp(score_j - max).
///
/// What is not finite, for one query:
///  * kv_len 0, or every score -inf: no token has weight; output 0, LSE -inf.
///  * one score -inf beside finite ones: its token has weight 0.
///  * one score +inf or NaN (a NaN in a kept key, or inf times zero): output and LSE are NaN.
///  * a NaN value: that channel of the output is NaN, even if the token's weight is 0; an infinite
///    value gives that infinity, or NaN at weight 0 or against the opposite infinity.
/// Nothing spreads to another query or channel. Throws std::invalid_argument when shapes disagree.
AttentionResult attention(const AttentionProblem& problem);

}  // namespace kvroof::reference
