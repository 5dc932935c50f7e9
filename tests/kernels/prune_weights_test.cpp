// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "kernels/prune/launch.hpp"
#include "tests/support/convert.hpp"
#include "tests/support/devices.hpp"

// The attention weights that output-aware values are ranked by, against plain loops in double.
namespace kvroof::prune {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Rows = std::vector<std::uint16_t>;

constexpr float kUntouched = -7.0f;

struct Weights {
  ValueType type = ValueType::kF16;
  int head_dim = 128;
  int kv_heads = 2;
  int group = 2;
  int num_queries = 3;
  std::vector<std::int32_t> kv_lengths = {150};
  int spare_rows = 3;

  int max_kv_len() const { return *std::max_element(kv_lengths.begin(), kv_lengths.end()); }
  int capacity() const { return max_kv_len() + spare_rows; }
  int heads() const { return static_cast<int>(kv_lengths.size()) * kv_heads; }
  int head_queries() const { return group * num_queries; }
  std::size_t key(int head, int token, int channel = 0) const {
    return static_cast<std::size_t>((head * capacity() + token) * head_dim + channel);
  }
  std::size_t query(int head, int index) const {
    return static_cast<std::size_t>((head * head_queries() + index) * head_dim);
  }
};

/// Keys or queries.
Rows draw(const Weights& weights, int rows, double scale, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Rows bits;
  for (int i = 0; i < rows * weights.head_dim; ++i) {
    const auto value = static_cast<float>(scale) * normal(random);
    bits.push_back(weights.type == ValueType::kF16 ? to_half(value).bits : to_bfloat16(value).bits);
  }
  return bits;
}
Rows draw_keys(const Weights& weights, double scale = 1) {
  return draw(weights, weights.heads() * weights.capacity(), scale, 1);
}
Rows draw_queries(const Weights& weights) {
  return draw(weights, weights.heads() * weights.head_queries(), 1, 2);
}

WeightsProblem problem_of(const Weights& weights) {
  return {.batch = static_cast<int>(weights.kv_lengths.size()),
          .query_heads = weights.kv_heads * weights.group,
          .kv_heads = weights.kv_heads,
          .head_dim = weights.head_dim,
          .value_type = weights.type,
          .softmax_scale = 1 / std::sqrt(weights.head_dim),
          .num_queries = weights.num_queries,
          .row_capacity = weights.capacity(),
          .max_kv_len = weights.max_kv_len()};
}

/// [heads, capacity], in memory that held kUntouched before.
std::vector<float> summed(const Weights& weights, const Rows& keys, const Rows& queries,
                          Device& device) {
  DeviceBuffer<std::uint16_t> device_keys(device, keys.size(), "keys");
  DeviceBuffer<std::uint16_t> device_queries(device, queries.size(), "queries");
  DeviceBuffer<std::int32_t> lengths(device, weights.kv_lengths.size(), "kv_lengths");
  std::vector<float> result(static_cast<std::size_t>(weights.heads() * weights.capacity()),
                            kUntouched);
  DeviceBuffer<float> target(device, result.size(), "weights");
  device_keys.upload(keys);
  device_queries.upload(queries);
  lengths.upload(weights.kv_lengths);
  target.upload(result);
  WeightsProblem problem = problem_of(weights);
  DeviceBuffer<std::byte> workspace(device, static_cast<std::size_t>(workspace_bytes(problem)),
                                    "workspace");
  problem.queries = device_queries.data();
  problem.keys = device_keys.data();
  problem.kv_lengths = lengths.data();
  problem.workspace = workspace.data();
  problem.weights = target.data();
  launch(problem, device);
  device.synchronize();
  target.download(result);
  return result;
}

/// What summed() should give for a head: exponentials relative to no maximum, in long double, whose
/// range suffices.
std::vector<double> expected(const Weights& weights, const Rows& keys, const Rows& queries,
                             int head) {
  const int length = weights.kv_lengths[static_cast<std::size_t>(head / weights.kv_heads)];
  std::vector<double> sums(static_cast<std::size_t>(length));
  const auto value = [&](std::uint16_t bits) {
    return double{weights.type == ValueType::kF16 ? to_float(Half{bits})
                                                  : to_float(BFloat16{bits})};
  };
  for (int q = 0; q < weights.head_queries(); ++q) {
    std::vector<long double> exps(sums.size());
    long double total = 0;
    for (int token = 0; token < length; ++token) {
      double score = 0;
      for (std::size_t c = 0; c < static_cast<std::size_t>(weights.head_dim); ++c)
        score +=
            value(queries[weights.query(head, q) + c]) * value(keys[weights.key(head, token) + c]);
      const auto t = static_cast<std::size_t>(token);
      exps[t] = std::exp(static_cast<long double>(score / std::sqrt(weights.head_dim)));
      total += exps[t];
    }
    for (std::size_t t = 0; t < sums.size(); ++t)
      sums[t] += total == 0 ? 0.0 : static_cast<double>(exps[t] / total);
  }
  return sums;
}

class SumWeights : public test::OnEveryBackend {
 protected:
  ::testing::AssertionResult right(const Weights& weights, double scale = 1) {
    const Rows keys = draw_keys(weights, scale), queries = draw_queries(weights);
    const std::vector<float> got = summed(weights, keys, queries, device());
    for (int head = 0; head < weights.heads(); ++head) {
      const std::vector<double> want = expected(weights, keys, queries, head);
      for (int token = 0; token < weights.capacity(); ++token) {
        const auto t = static_cast<std::size_t>(token);
        const float own = got[static_cast<std::size_t>(head * weights.capacity()) + t];
        const bool right = t < want.size()
                               ? std::fabs(own - want[t]) <= 0x1.001p-24 * want[t] + 0x1p-149
                               : own == kUntouched;
        if (!right)
          return ::testing::AssertionFailure()
                 << "head " << head << ", token " << token << ": got " << own << ", wanted "
                 << (t < want.size() ? want[t] : double{kUntouched});
      }
    }
    return ::testing::AssertionSuccess();
  }
};
KVROOF_ON_EVERY_BACKEND(SumWeights);

TEST_P(SumWeights, are_those_of_the_reference_rounded_once) {
  for (const int head_dim : {64, 128, 256}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      for (const int length : {1, 2, 127, 128, 129, 300}) {
        Weights weights;
        weights.head_dim = head_dim;
        weights.type = type;
        weights.kv_lengths = {length};
        weights.num_queries = length % 3 + 1;
        EXPECT_TRUE(right(weights)) << "head_dim " << head_dim << ", length " << length;
      }
    }
  }
}

TEST_P(SumWeights, serve_any_group_and_ragged_batches) {
  for (const int group : {1, 5, 16}) {
    Weights weights;
    weights.group = group;
    weights.kv_heads = 3;
    weights.kv_lengths = {0, 33, 200, 1};
    EXPECT_TRUE(right(weights)) << "group " << group;
  }
}

TEST_P(SumWeights, hold_scores_of_hundreds) {
  EXPECT_TRUE(right({}, 40)) << "exp(600) is no float, and most weights are 0";
}

TEST_P(SumWeights, make_a_kv_head_NaN_whose_keys_hold_NaN_or_plus_infinity_and_no_other) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const float special : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
    Weights weights;
    weights.num_queries = 2;  // of whose products with an infinity one is above 0
    Rows keys = draw_keys(weights), queries = draw_queries(weights);
    keys[weights.key(1, 70, 9)] = to_half(special).bits;
    for (int q = 0; q < weights.head_queries(); ++q)
      queries[weights.query(1, q) + 9] = to_half(q % 2 == 0 ? 1.0f : -1.0f).bits;
    const std::vector<float> got = summed(weights, keys, queries, device());
    const auto capacity = static_cast<std::size_t>(weights.capacity());
    for (std::size_t token = 0; token < 150; ++token) {
      ASSERT_FALSE(std::isnan(got[token])) << token;
      ASSERT_TRUE(std::isnan(got[capacity + token])) << token;
    }
  }
}

TEST_P(SumWeights, give_no_weight_to_a_token_of_minus_infinity) {
  Weights weights;
  weights.kv_heads = 1;
  Rows keys = draw_keys(weights), queries = draw_queries(weights);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const int token : {0, 149}) keys[weights.key(0, token)] = to_half(-infinity).bits;
  for (int q = 0; q < weights.head_queries(); ++q)
    queries[weights.query(0, q)] = to_half(0.5f).bits;
  const std::vector<float> got = summed(weights, keys, queries, device());
  EXPECT_EQ(got[0], 0.0f);
  EXPECT_EQ(got[149], 0.0f);
  EXPECT_GT(got[1], 0.0f);
  for (int token = 0; token < 150; ++token) keys[weights.key(0, token)] = to_half(-infinity).bits;
  const std::vector<float> none = summed(weights, keys, queries, device());
  for (std::size_t token = 0; token < 150; ++token)
    EXPECT_EQ(none[token], 0.0f) << "no token has any";
}

TEST_P(SumWeights, refuse_what_cannot_be_launched_with_a_sentence) {
  alignas(16) static std::byte memory[32];
  const auto refused = [&](const char* sentence,
                           const std::function<void(WeightsProblem&)>& spoil) {
    WeightsProblem problem = problem_of({});
    problem.queries = problem.keys = problem.workspace = memory;
    problem.kv_lengths = reinterpret_cast<const std::int32_t*>(memory);
    problem.weights = reinterpret_cast<float*>(memory);
    EXPECT_NO_THROW(validate(problem));
    spoil(problem);
    EXPECT_THAT([&] { launch(problem, device()); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(sentence)));
  };
  using P = WeightsProblem;
  refused("batch must be 1 to 65535, got 0", [](P& p) { p.batch = 0; });
  refused("multiple of kv_heads (3)", [](P& p) { p.kv_heads = 3; });
  refused("kv_heads must be at most 65535", [](P& p) { p.kv_heads = p.query_heads = 70000; });
  refused("head_dim must be 64, 128 or 256", [](P& p) { p.head_dim = 96; });
  refused("1 to 65535 queries, got 0 of 2 query heads", [](P& p) { p.num_queries = 0; });
  refused("1 to 65535 queries, got 40000", [](P& p) { p.num_queries = 40000; });
  refused("max_kv_len must not be negative, got -1", [](P& p) { p.max_kv_len = -1; });
  refused("150 tokens need as many rows, there are 149", [](P& p) { p.row_capacity = 149; });
  refused("softmax_scale must be a finite number", [](P& p) { p.softmax_scale = NAN; });
  refused("queries must be a pointer aligned to 16", [](P& p) { p.queries = memory + 2; });
  refused("keys must be a pointer aligned to 16", [](P& p) { p.keys = nullptr; });
  refused("kv_lengths must be a pointer", [](P& p) { p.kv_lengths = nullptr; });
  refused("workspace must be a pointer", [](P& p) { p.workspace = memory + 8; });
  refused("weights must be a pointer", [](P& p) { p.weights = nullptr; });
  EXPECT_TRUE(!simulated() || simt::as_simulator(device()).launches().empty());
}

}  // namespace
}  // namespace kvroof::prune
