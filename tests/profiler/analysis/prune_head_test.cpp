// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/prune_head.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace kvroof::analysis {
namespace {

using prune::Rule;
using reference::Mask;
using reference::Matrix;

Matrix gaussian(Eigen::Index rows, Eigen::Index cols, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Matrix matrix(rows, cols);
  for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = normal(random);
  return matrix;
}

Scoring scoring_of(const Matrix& keys) { return make_scoring(keys, gaussian(6, keys.cols(), 99)); }

TEST(PruneHead, keeps_the_count_of_every_rule_and_all_dense_tokens) {
  const Matrix rows = gaussian(230, 128, 1);
  const Scoring scoring = scoring_of(rows);
  const DenseTokens dense{.sinks = 3, .window = 32};
  for (const Operand side : {Operand::kKeys, Operand::kValues}) {
    for (const Rule rule : prune::rules_of(side)) {
      for (const double sparsity : {0.0, 0.5, 0.7, 0.99}) {
        const Mask mask = prune_head({rule, sparsity}, side, rows, scoring, dense);
        EXPECT_TRUE(mask.topRows(3).all());
        EXPECT_TRUE(mask.bottomRows(230 - 3 - 192).all());
        const double share = prune::kept_count(rule, 128, sparsity).share();
        EXPECT_EQ(mask.middleRows(3, 192).count(), std::lround(192 * 128 * share))
            << to_string(rule) << " at " << sparsity;
      }
    }
  }
}

TEST(PruneHead, does_not_let_dense_tokens_decide_what_survives) {
  Matrix rows = gaussian(128, 128, 2);
  const Scoring scoring = scoring_of(rows);
  const DenseTokens dense{.sinks = 0, .window = 64};
  for (const Rule rule : {Rule::kThink, Rule::kPerChannelMagnitude}) {
    const Mask before = prune_head({rule, 0.5}, Operand::kValues, rows, scoring, dense);
    Matrix changed = rows;
    changed.bottomRows(64).leftCols(10).setConstant(1000);
    const Mask after = prune_head({rule, 0.5}, Operand::kValues, changed, scoring, dense);
    EXPECT_TRUE((before == after).all());
  }
}

TEST(PruneHead, keeps_everything_of_a_cache_within_its_window) {
  const Matrix rows = gaussian(95, 128, 3);
  const Mask mask = prune_head({Rule::kPerTokenMagnitude, 0.9}, Operand::kKeys, rows,
                               scoring_of(rows), {.sinks = 0, .window = 32});
  EXPECT_TRUE(mask.all());
}

TEST(PruneHead, refuses_rules_of_the_other_side_and_negative_counts) {
  const Matrix rows = gaussian(64, 128, 4);
  const Scoring scoring = scoring_of(rows);
  EXPECT_THROW(prune_head({Rule::kPerChannelMagnitude, 0.5}, Operand::kKeys, rows, scoring, {}),
               std::invalid_argument);
  EXPECT_THROW(prune_head({Rule::kPerTokenOutputAware, 0.5}, Operand::kValues, rows, scoring, {}),
               std::invalid_argument);
  EXPECT_THROW(prune_head({Rule::kThink, 0.5}, Operand::kKeys, rows, scoring, {.sinks = -1}),
               std::invalid_argument);
  EXPECT_THROW(prune_head({Rule::kThink, 1.0}, Operand::kKeys, rows, scoring, {}),
               std::invalid_argument);
}

TEST(Scoring, sums_the_attention_weights_of_its_queries) {
  const Scoring scoring = scoring_of(gaussian(50, 128, 5));
  EXPECT_NEAR(scoring.weights.sum(), 6, 1e-12);
  EXPECT_GE(scoring.weights.minCoeff(), 0);
}

}  // namespace
}  // namespace kvroof::analysis
