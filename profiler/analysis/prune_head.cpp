// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/prune_head.hpp"

#include <cmath>

#include "kernels/error.hpp"
#include "reference/prune.hpp"
#include "reference/softmax.hpp"

namespace kvroof::analysis {
namespace {

using prune::Rule;
using reference::ConstMatrix;
using reference::Mask;

/// The sparsity at which the published rule keeps `kept` of a row, ties not counted.
double published_sparsity(int kept, int head_dim) {
  return static_cast<double>(head_dim - kept + 1) / head_dim;
}

/// `rows` are the prunable ones, `weights` theirs.
Mask prune_rows(Rule rule, const prune::KeptCount& count, Operand side, ConstMatrix rows,
                const Scoring& scoring, reference::ConstVector weights) {
  const auto [kept, of] = count;
  switch (rule) {
    case Rule::kNone: return Mask::Constant(rows.rows(), rows.cols(), true);
    case Rule::kPerTokenMagnitude: return reference::prune_per_token_magnitude(rows, kept);
    case Rule::kPublished:
      return reference::prune_per_token_published(rows, published_sparsity(kept, of));
    case Rule::kPerTokenOutputAware:
      return reference::prune_keys_output_aware(rows, scoring.queries, kept);
    case Rule::kTwoOfFourTokens:
    case Rule::kPerChannelMagnitude:
      return reference::prune_values_per_channel_magnitude(rows, kept, of);
    case Rule::kPerChannelOutputAware:
      return reference::prune_values_per_channel_output_aware(rows, weights, kept, of);
    case Rule::kThink:
      return side == Operand::kKeys ? reference::prune_keys_think(rows, scoring.queries, kept)
                                    : reference::prune_values_think(rows, kept);
    case Rule::kTwoOfFour:
    case Rule::kFourOfEight:
    case Rule::kEightOfSixteen: return reference::prune_n_of_m(rows, kept, of);
  }
  fail("pruning rule {} does not exist", static_cast<int>(rule));
}

}  // namespace

Scoring make_scoring(ConstMatrix keys, const reference::Matrix& queries) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(keys.cols()));
  Scoring scoring{queries, reference::Vector::Zero(keys.rows())};
  for (Eigen::Index q = 0; q < queries.rows(); ++q)
    scoring.weights += reference::softmax(scale * (keys * queries.row(q).transpose())).weights;
  return scoring;
}

Mask prune_head(Rule rule, prune::KeptCount kept, Operand side, ConstMatrix rows,
                const Scoring& scoring, const DenseTokens& dense) {
  require(prune::applies_to(rule, side), "{} is no rule for {}", to_string(rule),
          side == Operand::kKeys ? "keys" : "values");
  require(dense.sinks >= 0 && dense.window >= 0,
          "dense tokens: sinks ({}) and window ({}) must not be negative", dense.sinks,
          dense.window);
  const Eigen::Index count =
      prune::prunable_tokens(static_cast<int>(rows.rows()), dense.sinks, dense.window);
  Mask mask = Mask::Constant(rows.rows(), rows.cols(), true);
  if (count > 0) {
    const bool weighs = rule == Rule::kPerChannelOutputAware;
    mask.middleRows(dense.sinks, count) =
        prune_rows(rule, kept, side, rows.middleRows(dense.sinks, count), scoring,
                   weighs ? scoring.weights.segment(dense.sinks, count) : scoring.weights.head(0));
  }
  return mask;
}

Mask prune_head(const SideRule& rule, Operand side, ConstMatrix rows, const Scoring& scoring,
                const DenseTokens& dense) {
  const auto kept = prune::kept_count(rule.rule, static_cast<int>(rows.cols()), rule.sparsity);
  return prune_head(rule.rule, kept, side, rows, scoring, dense);
}

}  // namespace kvroof::analysis
