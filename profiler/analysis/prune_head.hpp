// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/prune/rule.hpp"
#include "reference/types.hpp"

namespace kvroof::analysis {

/// How one side of the cache is pruned.
struct SideRule {
  prune::Rule rule = prune::Rule::kNone;
  double sparsity = 0;  // asked for; kept_count() says what becomes of it
  bool operator==(const SideRule&) const = default;
};

/// Tokens that no rule touches.
struct DenseTokens {
  int sinks = 0;    // the first ones
  int window = 32;  // the most recent ones
};

/// What output-aware rules and ThinK look at besides the cache.
struct Scoring {
  reference::Matrix queries;  // [any, head_dim]: a window, all query heads of the group
  reference::Vector weights;  // [kv_len]: attention weights that those queries gave, summed
};

/// The weights of Scoring: softmax over the dense keys, scale 1 / sqrt(head_dim). A token that got
/// NaN from a query (a NaN in some key) has weight NaN.
Scoring make_scoring(reference::ConstMatrix keys, const reference::Matrix& queries);

/// What survives of one kv head's `rows`, keys or values: a rule of reference/prune.hpp on the
/// prunable tokens (kernels/prune/rule.hpp), everything in the others. Throws
/// std::invalid_argument when the rule does not exist for that side, a count is negative, or as
/// kept_count() and the rule do.
reference::Mask prune_head(const SideRule& rule, Operand side, reference::ConstMatrix rows,
                           const Scoring& scoring, const DenseTokens& dense);
/// The same with a count of its own in place of that of a sparsity.
reference::Mask prune_head(prune::Rule rule, prune::KeptCount kept, Operand side,
                           reference::ConstMatrix rows, const Scoring& scoring,
                           const DenseTokens& dense);

}  // namespace kvroof::analysis
