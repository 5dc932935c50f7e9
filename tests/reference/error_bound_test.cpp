// SPDX-License-Identifier: Apache-2.0
// Is the error bound above what correct kernels do and below what broken ones do? The "kernel" here
// is a few lines of fp32 arithmetic with the rounding of a real one, run on synthetic caches.
#include "reference/error_bound.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "profiler/inputs/synthetic.hpp"
#include "reference/compare.hpp"
#include "reference/prune.hpp"

namespace kvroof::reference {
namespace {

using inputs::Dtype;

constexpr std::int64_t kTile = 64;  // tokens

enum class Rounding { kNearest, kTruncate };
enum class Denominator { kUnroundedWeights, kRoundedWeights };

struct EmulatedKernel {
  Dtype dtype = Dtype::kF16;
  Rounding rounding = Rounding::kNearest;
  Denominator denominator = Denominator::kUnroundedWeights;
  bool stores_dtype = false;
  bool rounds_weights = true;
};

/// a * b + sum in fp32; truncation is what matrix multiply units do.
float multiply_add(float a, float b, float sum, Rounding rounding) {
  const double exact = static_cast<double>(a) * b + sum;
  const float nearest = static_cast<float>(exact);
  if (rounding == Rounding::kNearest || std::abs(static_cast<double>(nearest)) <= std::abs(exact)) {
    return nearest;
  }
  return std::nextafter(nearest, 0.0f);
}

/// One kv head after pruning; a corrupted copy of it is what a broken kernel reads.
struct Head {
  std::int64_t kv_len, head_dim, group;
  Matrix keys, values, queries;  // pruned entries are zero
  Mask all;                      // nothing more is masked
  double scale;

  AttentionProblem problem() const { return {keys, values, all, all, queries, scale}; }
};

Matrix as_matrix(const std::vector<float>& data, std::size_t first, Eigen::Index rows,
                 Eigen::Index cols) {
  using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Floats>(data.data() + first, rows, cols).cast<double>();
}

Head make_head(Dtype dtype, std::int64_t kv_len, std::uint64_t seed, double strength = 1.0,
               std::int64_t kv_head = 0) {
  inputs::SyntheticConfig config;
  config.dtype = dtype;
  config.kv_heads = 2;
  config.query_heads = 8;
  config.kv_len = kv_len;
  config.seed = seed;
  config.outlier_strength = strength;
  const inputs::KvTensors t = inputs::generate(config);
  Head s;
  s.kv_len = kv_len;
  s.head_dim = config.head_dim;
  s.group = 4;
  const auto cache = static_cast<std::size_t>(kv_head * kv_len * s.head_dim);
  const Matrix keys = as_matrix(t.keys, cache, kv_len, s.head_dim);
  const Matrix values = as_matrix(t.values, cache, kv_len, s.head_dim);
  s.keys = masked(keys, prune_per_token_magnitude(keys, s.head_dim / 2));
  s.values = masked(values, prune_per_token_magnitude(values, s.head_dim / 2));
  s.queries = as_matrix(t.queries, static_cast<std::size_t>(kv_head * s.group * s.head_dim),
                        s.group, s.head_dim);
  s.scale = 1.0 / std::sqrt(static_cast<double>(s.head_dim));
  s.all = Mask::Constant(kv_len, s.head_dim, true);
  return s;
}

struct FloatResult {
  std::vector<float> outputs;  // [group, head_dim]
  std::vector<float> lse;      // [group]
};

/// Online softmax over tiles of 64 tokens, fp32 sums, weights rounded to the cache's type.
FloatResult run(const EmulatedKernel& kernel, const Head& s) {
  FloatResult result;
  const auto head_dim = static_cast<std::size_t>(s.head_dim);
  for (Eigen::Index q = 0; q < s.group; ++q) {
    float max = -std::numeric_limits<float>::infinity(), sum = 0.0f;
    std::vector<float> acc(head_dim, 0.0f);
    for (std::int64_t first = 0; first < s.kv_len; first += kTile) {
      const std::int64_t count = std::min(kTile, s.kv_len - first);
      std::vector<float> scores(static_cast<std::size_t>(count));
      for (std::int64_t j = 0; j < count; ++j) {
        float dot = 0.0f;
        for (Eigen::Index c = 0; c < s.head_dim; ++c) {
          dot = multiply_add(static_cast<float>(s.queries(q, c)),
                             static_cast<float>(s.keys(first + j, c)), dot, kernel.rounding);
        }
        scores[static_cast<std::size_t>(j)] = dot * static_cast<float>(s.scale);
      }
      const float new_max = std::max(max, *std::max_element(scores.begin(), scores.end()));
      const float rescale = std::exp(max - new_max);
      max = new_max;
      sum *= rescale;
      for (float& a : acc) a *= rescale;
      for (std::int64_t j = 0; j < count; ++j) {
        const float weight = std::exp(scores[static_cast<std::size_t>(j)] - max);
        const float rounded =
            kernel.rounds_weights ? inputs::round_to(kernel.dtype, weight) : weight;
        const bool rounds_first = kernel.denominator == Denominator::kRoundedWeights;
        sum = multiply_add(1.0f, rounds_first ? rounded : weight, sum, kernel.rounding);
        for (std::size_t c = 0; c < head_dim; ++c) {
          const auto value = static_cast<float>(s.values(first + j, static_cast<Eigen::Index>(c)));
          acc[c] = multiply_add(rounded, value, acc[c], kernel.rounding);
        }
      }
    }
    for (const float a : acc) {
      const float out = s.kv_len == 0 ? 0.0f : a / sum;
      result.outputs.push_back(kernel.stores_dtype ? inputs::round_to(kernel.dtype, out) : out);
    }
    result.lse.push_back(max + std::log(sum));
  }
  return result;
}

struct Verdict {
  Comparison outputs;
  Comparison lse;
  bool passed() const { return outputs.passed && lse.passed; }
};

Precision precision_of(Dtype dtype) {
  return dtype == Dtype::kF16 ? Precision::kF16 : Precision::kBF16;
}

/// Judges `got` against the reference of `truth`.
Verdict judge(const EmulatedKernel& kernel, const Head& truth, const FloatResult& got) {
  const AttentionProblem problem = truth.problem();
  const AttentionResult want = attention(problem);
  const Precision weights = kernel.rounds_weights ? precision_of(kernel.dtype) : Precision::kF32;
  const Precision stored = kernel.stores_dtype ? precision_of(kernel.dtype) : Precision::kF32;
  const AttentionErrorBound bound = attention_error_bound(
      problem, want, serial_arithmetic(weights, stored, truth.head_dim, truth.kv_len));
  const auto span_of = [](const auto& m) {
    return std::span<const double>(m.data(), static_cast<std::size_t>(m.size()));
  };
  const std::vector<std::int64_t> outputs_shape = {truth.group, truth.head_dim};
  const std::vector<std::int64_t> lse_shape = {truth.group};
  return {compare(std::span<const float>(got.outputs), span_of(want.outputs),
                  {.per_element = span_of(bound.outputs)}, outputs_shape),
          compare(std::span<const float>(got.lse), span_of(want.lse),
                  {.per_element = span_of(bound.lse)}, lse_shape)};
}

class ErrorBound : public testing::TestWithParam<Dtype> {};
INSTANTIATE_TEST_SUITE_P(Types, ErrorBound, testing::Values(Dtype::kF16, Dtype::kBF16),
                         [](const auto& i) { return std::string(to_string(i.param)); });

TEST_P(ErrorBound, correct_kernels_stay_within_it) {
  for (const std::int64_t kv_len : {1, 2, 63, 64, 65, 1000, 4096}) {
    for (const Rounding rounding : {Rounding::kNearest, Rounding::kTruncate}) {
      for (const Denominator denominator :
           {Denominator::kUnroundedWeights, Denominator::kRoundedWeights}) {
        for (const bool stores_dtype : {false, true}) {
          if (kv_len > 1000 && stores_dtype) continue;
          const EmulatedKernel kernel{GetParam(), rounding, denominator, stores_dtype};
          const Head s = make_head(GetParam(), kv_len, static_cast<std::uint64_t>(kv_len));
          const Verdict v = judge(kernel, s, run(kernel, s));
          EXPECT_TRUE(v.outputs.passed) << kv_len << ": " << v.outputs.sentence;
          EXPECT_TRUE(v.lse.passed) << kv_len << ": " << v.lse.sentence;
        }
      }
    }
  }
}

TEST_P(ErrorBound, correct_kernels_use_a_visible_part_of_it) {
  const EmulatedKernel kernel{.dtype = GetParam()};
  const Head s = make_head(GetParam(), 1000, 7);
  const Verdict v = judge(kernel, s, run(kernel, s));
  EXPECT_GT(v.outputs.used_share, 0.05) << v.outputs.sentence;  // else it would be far too wide
}

TEST_P(ErrorBound, covers_fp32_sums_alone_and_they_use_a_visible_part_of_it) {
  for (const Rounding rounding : {Rounding::kNearest, Rounding::kTruncate}) {
    const EmulatedKernel kernel{.dtype = GetParam(), .rounding = rounding, .rounds_weights = false};
    const Head s = make_head(GetParam(), 1000, 8);
    const Verdict v = judge(kernel, s, run(kernel, s));
    EXPECT_TRUE(v.passed()) << v.outputs.sentence << "; " << v.lse.sentence;
    if (rounding == Rounding::kTruncate) {
      EXPECT_GT(v.outputs.used_share, 0.005) << v.outputs.sentence;
    }
  }
}

TEST_P(ErrorBound, covers_the_storing_of_outputs_alone_and_little_more) {
  const EmulatedKernel kernel{.dtype = GetParam(), .stores_dtype = true, .rounds_weights = false};
  const Head s = make_head(GetParam(), 65, 9);
  const Verdict v = judge(kernel, s, run(kernel, s));
  EXPECT_TRUE(v.passed()) << v.outputs.sentence;
  EXPECT_GT(v.outputs.used_share, 0.3) << v.outputs.sentence;
}

TEST_P(ErrorBound, never_exceeds_the_spread_of_the_values_by_much) {
  Head s = make_head(GetParam(), 257, 10);
  s.queries *= 1e9;  // fp32 cannot tell the scores apart any more
  const AttentionResult want = attention(s.problem());
  const AttentionErrorBound bound = attention_error_bound(
      s.problem(), want, serial_arithmetic(precision_of(GetParam()), Precision::kF32, 128, 257));
  const double largest = s.values.cwiseAbs().maxCoeff();
  EXPECT_GT(bound.outputs.minCoeff(), 0.0);
  EXPECT_LT(bound.outputs.maxCoeff(), 2.1 * largest);
}

TEST_P(ErrorBound, holds_for_weights_that_all_round_the_same_way) {
  // Two kinds of tokens, so that every rounding error of a weight has the same sign and none
  // cancels.
  for (const double gap : {0.3, 1.7, 5.1, 12.0}) {
    Head s = make_head(GetParam(), 1024, 11);
    s.queries.setZero();
    s.queries.col(0).setOnes();
    s.keys.setZero();
    s.scale = 1.0;
    for (Eigen::Index t = 0; t < s.kv_len; ++t) {
      const float key = inputs::round_to(GetParam(), static_cast<float>(t % 2 == 0 ? 0.0 : -gap));
      s.keys(t, 0) = key;
    }
    s.values = s.values.cwiseAbs();
    for (const Rounding rounding : {Rounding::kNearest, Rounding::kTruncate}) {
      const EmulatedKernel kernel{.dtype = GetParam(), .rounding = rounding};
      const Verdict v = judge(kernel, s, run(kernel, s));
      EXPECT_TRUE(v.passed()) << gap << ": " << v.outputs.sentence << "; " << v.lse.sentence;
    }
  }
}

TEST_P(ErrorBound, holds_for_huge_and_for_tiny_scores) {
  for (const double factor : {1e-4, 16.0, 1024.0, 8192.0}) {
    Head s = make_head(GetParam(), 257, 13);
    s.queries = (s.queries * factor).unaryExpr([](double x) {
      return static_cast<double>(inputs::round_to(GetParam(), static_cast<float>(x)));
    });
    const EmulatedKernel kernel{.dtype = GetParam()};
    const Verdict v = judge(kernel, s, run(kernel, s));
    EXPECT_TRUE(v.passed()) << factor << ": " << v.outputs.sentence << "; " << v.lse.sentence;
  }
}

TEST_P(ErrorBound, asks_for_equality_without_tokens) {
  const EmulatedKernel kernel{.dtype = GetParam()};
  const Head s = make_head(GetParam(), 0, 17);
  FloatResult got = run(kernel, s);
  EXPECT_TRUE(judge(kernel, s, got).passed());
  got.outputs[3] = 1e-30f;
  EXPECT_FALSE(judge(kernel, s, got).passed());
}

TEST_P(ErrorBound, token_at_minus_infinity_neither_widens_nor_breaks_it) {
  Head s = make_head(GetParam(), 130, 19);
  s.queries = s.queries.cwiseAbs();
  const EmulatedKernel kernel{.dtype = GetParam()};
  s.keys.row(77).setZero();
  s.keys(77, 5) = -std::numeric_limits<double>::infinity();
  const FloatResult got = run(kernel, s);
  const Verdict v = judge(kernel, s, got);
  EXPECT_TRUE(v.passed()) << v.outputs.sentence;
  FloatResult wrong = got;
  wrong.outputs[9] += 0.02f;
  EXPECT_FALSE(judge(kernel, s, wrong).passed());
}

TEST_P(ErrorBound, rejects_one_wrong_output_element) {
  const EmulatedKernel kernel{.dtype = GetParam(), .stores_dtype = true};
  const Head s = make_head(GetParam(), 4096, 23);
  const FloatResult correct = run(kernel, s);
  ASSERT_TRUE(judge(kernel, s, correct).passed());
  for (std::size_t i = 0; i < correct.outputs.size(); i += 37) {  // its neighbour's value
    FloatResult got = correct;
    got.outputs[i] = correct.outputs[i + 1];
    if (std::abs(got.outputs[i] - correct.outputs[i]) < 0.02f) continue;  // neighbours nearly equal
    const Verdict v = judge(kernel, s, got);
    EXPECT_FALSE(v.outputs.passed) << v.outputs.sentence;
    EXPECT_EQ(v.outputs.worst.back(), static_cast<std::int64_t>(i) % s.head_dim);
  }
}

/// Runs a kernel that reads a corrupted cache and expects the verdict against the true one to be
/// "no".
void expect_rejected(const EmulatedKernel& kernel, const Head& truth,
                     const std::function<void(Head&)>& corrupt) {
  Head broken = truth;
  corrupt(broken);
  const Verdict v = judge(kernel, truth, run(kernel, broken));
  EXPECT_FALSE(v.passed()) << v.outputs.sentence << "; " << v.lse.sentence;
  EXPECT_FALSE(v.outputs.passed) << v.outputs.sentence;
}

TEST_P(ErrorBound, rejects_one_stale_tile_wherever_it_is) {
  const EmulatedKernel kernel{.dtype = GetParam()};
  const Head s = make_head(GetParam(), 4096, 29);
  for (const std::int64_t tile : {1, 2, 17, 40, 63}) {
    SCOPED_TRACE(tile);
    const auto copy_previous = [tile](Matrix& m) {
      m.middleRows(tile * kTile, kTile) = m.middleRows((tile - 1) * kTile, kTile).eval();
    };
    expect_rejected(kernel, s, [&](Head& b) { copy_previous(b.keys), copy_previous(b.values); });
    expect_rejected(kernel, s, [&](Head& b) { copy_previous(b.keys); });
    expect_rejected(kernel, s, [&](Head& b) { copy_previous(b.values); });
  }
}

TEST_P(ErrorBound, rejects_a_lost_tail) {
  const EmulatedKernel kernel{.dtype = GetParam()};
  const Head s = make_head(GetParam(), 4096 + 1, 31);
  expect_rejected(kernel, s, [&](Head& b) { b.kv_len = 4096 - kTile; });
}

TEST_P(ErrorBound, rejects_swapped_query_heads_and_the_wrong_kv_head) {
  const EmulatedKernel kernel{.dtype = GetParam()};
  const Head s = make_head(GetParam(), 4096, 37);
  const Head other = make_head(GetParam(), 4096, 37, 1.0, 1);
  expect_rejected(kernel, s, [](Head& b) { b.queries.row(1).swap(b.queries.row(2)); });
  expect_rejected(kernel, s, [&](Head& b) { b.keys = other.keys; });
  expect_rejected(kernel, s, [&](Head& b) { b.values = other.values; });
}

TEST_P(ErrorBound, rejects_one_misplaced_element_of_a_token_that_matters) {
  const EmulatedKernel kernel{.dtype = GetParam()};
  const Head s = make_head(GetParam(), 4096, 41);
  Eigen::Index top = 0;
  (s.keys * s.queries.row(0).transpose()).maxCoeff(&top);
  Eigen::Index from = 0;
  s.values.row(top).cwiseAbs().maxCoeff(&from);
  Eigen::Index to = (from + 1) % s.head_dim;
  expect_rejected(kernel, s, [&](Head& b) { std::swap(b.values(top, from), b.values(top, to)); });
  s.keys.row(top).cwiseProduct(s.queries.row(0)).cwiseAbs().maxCoeff(&from);
  to = (from + 1) % s.head_dim;
  expect_rejected(kernel, s, [&](Head& b) { std::swap(b.keys(top, from), b.keys(top, to)); });
}

TEST_P(ErrorBound, rejects_a_wrong_scale_and_a_wrong_base) {
  const EmulatedKernel kernel{.dtype = GetParam()};
  const Head s = make_head(GetParam(), 4096, 43);
  expect_rejected(kernel, s, [](Head& b) { b.scale *= 1.01; });
  expect_rejected(kernel, s, [](Head& b) { b.scale *= std::log(2.0); });
}

TEST(ErrorBoundArithmetic, rounding_constants_are_those_of_ieee_754) {
  EXPECT_EQ(unit_roundoff(Precision::kF16), 1.0 / 2048);
  EXPECT_EQ(unit_roundoff(Precision::kBF16), 1.0 / 256);
  EXPECT_EQ(unit_roundoff(Precision::kF32), std::numeric_limits<float>::epsilon() / 2);
  EXPECT_EQ(subnormal_error(Precision::kF32), std::numeric_limits<float>::denorm_min() / 2.0);
}

TEST(ErrorBoundArithmetic, more_roundings_and_coarser_types_widen_it) {
  const Head s = make_head(Dtype::kF16, 300, 47);
  const AttentionProblem problem = s.problem();
  const AttentionResult want = attention(problem);
  const auto bound = [&](Precision weights, std::int64_t roundings) {
    return attention_error_bound(problem, want, {weights, Precision::kF32, roundings, roundings});
  };
  const auto narrow = bound(Precision::kF16, 128);
  EXPECT_TRUE((bound(Precision::kF16, 129).outputs.array() > narrow.outputs.array()).all());
  EXPECT_TRUE((bound(Precision::kBF16, 128).outputs.array() > narrow.outputs.array()).all());
  EXPECT_TRUE((bound(Precision::kBF16, 128).lse.array() > narrow.lse.array()).all());
}

TEST(ErrorBoundArithmetic, count_of_roundings_without_meaning_is_refused) {
  const Head s = make_head(Dtype::kF16, 3, 53);
  const AttentionResult want = attention(s.problem());
  EXPECT_THROW(attention_error_bound(s.problem(), want, {Precision::kF16, Precision::kF32, -1, 1}),
               std::invalid_argument);
}

}  // namespace
}  // namespace kvroof::reference
