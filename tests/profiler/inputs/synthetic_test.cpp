// SPDX-License-Identifier: Apache-2.0
#include "profiler/inputs/synthetic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "profiler/inputs/counter_rng.hpp"
#include "profiler/inputs/error.hpp"
#include "profiler/inputs/portable_math.hpp"

namespace kvroof::inputs {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

SyntheticConfig config_of(std::int64_t kv_len, double strength, std::uint64_t seed = 1) {
  SyntheticConfig config;
  config.batch = 2;
  config.kv_heads = 2;
  config.query_heads = 8;
  config.kv_len = kv_len;
  config.seed = seed;
  config.outlier_strength = strength;
  return config;
}

/// Mean magnitude of each channel over the rows of one head.
std::vector<double> channel_magnitudes(std::span<const float> rows, std::size_t head_dim) {
  std::vector<double> sums(head_dim, 0.0);
  for (std::size_t i = 0; i < rows.size(); ++i) sums[i % head_dim] += std::abs(rows[i]);
  for (double& sum : sums) sum /= static_cast<double>(rows.size() / head_dim);
  return sums;
}

double median(std::vector<double> numbers) {
  std::nth_element(numbers.begin(), numbers.begin() + static_cast<long>(numbers.size() / 2),
                   numbers.end());
  return numbers[numbers.size() / 2];
}

struct Moments {
  double mean, variance, kurtosis;
};

Moments moments_of(std::span<const float> numbers) {
  const double n = static_cast<double>(numbers.size());
  const double mean = std::accumulate(numbers.begin(), numbers.end(), 0.0) / n;
  double second = 0.0, fourth = 0.0;
  for (const float x : numbers) {
    const double d = static_cast<double>(x) - mean;
    second += d * d;
    fourth += d * d * d * d;
  }
  return {mean, second / n, n * fourth / (second * second)};
}

std::span<const float> head_of(const std::vector<float>& data, std::size_t head, std::size_t size) {
  return std::span(data).subspan(head * size, size);
}

/// FNV-1a over the stored bits.
std::uint64_t hash_of(const KvTensors& t) {
  std::uint64_t hash = 14695981039346656037u;
  for (const auto* tensor : {&t.keys, &t.values, &t.queries}) {
    for (const float x : *tensor) hash = (hash ^ to_bits(t.dtype, x)) * 1099511628211u;
  }
  return hash;
}

TEST(PortableMath, is_close_to_the_exact_functions) {
  const CounterRng rng(3);
  for (std::uint64_t i = 0; i < 200000; ++i) {
    const double u = rng.uniform_at(i) + 0x1p-53;
    ASSERT_NEAR(portable_log(u), std::log(u), 1e-14 * std::max(1.0, std::abs(std::log(u))));
    ASSERT_NEAR(portable_log(u * 1e9), std::log(u * 1e9), 4e-14);
    const double x = 60.0 * (u - 0.5);
    ASSERT_NEAR(portable_exp2(x) / std::exp2(x), 1.0, 1e-14);
    const SinCos sc = portable_sincos(u * 3.0);
    const double angle = 2.0 * 3.14159265358979324 * u * 3.0;
    ASSERT_NEAR(sc.sin, std::sin(angle), 1e-14);
    ASSERT_NEAR(sc.cos, std::cos(angle), 1e-14);
  }
  EXPECT_EQ(portable_log(1.0), 0.0);
  EXPECT_EQ(portable_sincos(0.25).sin, 1.0);
  EXPECT_EQ(portable_sincos(0.5).cos, -1.0);
  EXPECT_EQ(portable_sincos(0.75).sin, -1.0);
  EXPECT_EQ(portable_exp2(-3.0), 0.125);
}

TEST(CounterRngTest, gives_the_published_splitmix64_sequence) {
  // The first outputs of SplitMix64 from state 1234567, as many implementations list them.
  const CounterRng rng(1234567);
  EXPECT_EQ(rng.at(0), 6457827717110365317u);
  EXPECT_EQ(rng.at(1), 3203168211198807973u);
  EXPECT_EQ(rng.at(2), 9817491932198370423u);
}

TEST(Synthetic, same_seed_gives_the_same_bits_everywhere) {
  SyntheticConfig config = config_of(37, 1.0, 42);
  EXPECT_EQ(hash_of(generate(config)), 15342300475543127622u);
  config.dtype = Dtype::kBF16;
  EXPECT_EQ(hash_of(generate(config)), 10095287648985988566u);
  config.outlier_strength = 0.0;
  EXPECT_EQ(hash_of(generate(config)), 2721404223426611230u);
}

TEST(Synthetic, another_seed_gives_other_numbers) {
  const KvTensors a = generate(config_of(8, 1.0, 1)), b = generate(config_of(8, 1.0, 2));
  std::size_t equal = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) equal += a.values[i] == b.values[i] ? 1 : 0;
  EXPECT_LT(equal, a.values.size() / 100);
}

TEST(Synthetic, tensors_have_the_shapes_asked_for_and_fit_the_type) {
  for (const Dtype dtype : {Dtype::kF16, Dtype::kBF16}) {
    SyntheticConfig config = config_of(65, 1.0);
    config.dtype = dtype;
    config.head_dim = 64;
    const KvTensors t = generate(config);
    EXPECT_EQ(t.keys.size(), 2u * 2 * 65 * 64);
    EXPECT_EQ(t.values.size(), t.keys.size());
    EXPECT_EQ(t.queries.size(), 2u * 8 * 64);
    EXPECT_EQ(t.query_heads, 8);
    for (const auto* tensor : {&t.keys, &t.values, &t.queries}) {
      for (const float x : *tensor) ASSERT_EQ(round_to(dtype, x), x);
    }
  }
}

TEST(Synthetic, any_range_of_rows_equals_its_part_of_the_whole) {
  const SyntheticConfig config = config_of(301, 1.0);
  const KvTensors t = generate(config);
  for (const auto& [first, count] : {std::pair{0, 1}, {63, 3}, {300, 1}, {17, 284}, {301, 0}}) {
    std::vector<float> rows(static_cast<std::size_t>(count) * 128);
    const RowRange where{1, 0, first};
    const auto offset = static_cast<std::size_t>((2 * 301 + first) * 128);
    generate_keys(config, where, rows);
    EXPECT_TRUE(std::equal(rows.begin(), rows.end(), t.keys.begin() + static_cast<long>(offset)));
    generate_values(config, where, rows);
    EXPECT_TRUE(std::equal(rows.begin(), rows.end(), t.values.begin() + static_cast<long>(offset)));
  }
  std::vector<float> query(128);
  generate_query(config, 1, 5, query);
  EXPECT_TRUE(std::equal(query.begin(), query.end(), t.queries.begin() + (8 + 5) * 128));
}

TEST(Synthetic, a_longer_cache_begins_with_the_shorter_one) {
  const KvTensors small = generate(config_of(100, 1.0)), large = generate(config_of(1000, 1.0));
  EXPECT_TRUE(std::equal(small.keys.begin(), small.keys.begin() + 100 * 128, large.keys.begin()));
  EXPECT_TRUE(
      std::equal(small.values.begin(), small.values.begin() + 100 * 128, large.values.begin()));
}

TEST(Synthetic, strength_zero_is_plain_gaussian) {
  const KvTensors t = generate(config_of(4096, 0.0));
  for (const auto* tensor : {&t.keys, &t.values}) {
    const Moments m = moments_of(*tensor);  // 2^21 numbers: standard errors 7e-4, 1e-3, 3.4e-3
    EXPECT_NEAR(m.mean, 0.0, 0.004);
    EXPECT_NEAR(m.variance, 1.0, 0.006);
    EXPECT_NEAR(m.kurtosis, 3.0, 0.02);
    const auto channels = channel_magnitudes(head_of(*tensor, 3, 4096 * 128), 128);
    EXPECT_LT(*std::max_element(channels.begin(), channels.end()) / median(channels), 1.06);
  }
}

TEST(Synthetic, neighbouring_numbers_are_not_correlated_without_outliers) {
  const KvTensors t = generate(config_of(4096, 0.0));
  for (const std::size_t lag : {std::size_t{1}, std::size_t{64}, std::size_t{128}}) {
    double sum = 0.0;
    for (std::size_t i = 0; i + lag < t.keys.size(); ++i) {
      sum += static_cast<double>(t.keys[i]) * t.keys[i + lag];
    }
    EXPECT_NEAR(sum / static_cast<double>(t.keys.size()), 0.0, 0.004) << lag;
  }
}

TEST(Synthetic, keys_have_a_few_outlier_channel_pairs_ten_times_the_rest) {
  const KvTensors t = generate(config_of(4096, 1.0));
  for (std::size_t head = 0; head < 4; ++head) {
    const auto rows = head_of(t.keys, head, 4096 * 128);
    const double ordinary = median(channel_magnitudes(rows, 128));
    std::vector<double> ratios;  // length of the pair against an ordinary element
    for (std::size_t pair = 0; pair < 64; ++pair) {
      double squares = 0.0;
      for (std::size_t row = 0; row < rows.size(); row += 128) {
        const double x = rows[row + pair], y = rows[row + pair + 64];
        squares += x * x + y * y;
      }
      ratios.push_back(std::sqrt(squares / 4096) / ordinary);
    }
    std::sort(ratios.rbegin(), ratios.rend());
    EXPECT_GT(ratios[1], 7.0);   // 10 - 2.5, less 3 standard errors of the drift
    EXPECT_LT(ratios[0], 13.5);  // 10 + 2.5, plus the ordinary part and the drift
    EXPECT_LT(ratios[2], 2.0);   // sqrt(2) / 0.8 for two ordinary channels
  }
}

TEST(Synthetic, outlier_channels_belong_to_the_head_and_not_to_the_sequence_or_the_token) {
  const KvTensors t = generate(config_of(2048, 1.0));
  std::vector<std::set<std::size_t>> pairs_of_head;
  for (std::size_t head = 0; head < 4; ++head) {
    for (const std::size_t half : {std::size_t{0}, std::size_t{1}}) {
      const auto rows = head_of(t.keys, head, 2048 * 128).subspan(half * 1024 * 128, 1024 * 128);
      const auto channels = channel_magnitudes(rows, 128);
      std::set<std::size_t> pairs;
      for (std::size_t c = 0; c < 128; ++c) {
        if (channels[c] > 4.0 * median(channels)) pairs.insert(c % 64);
      }
      EXPECT_EQ(pairs.size(), 2u);
      pairs_of_head.push_back(pairs);
    }
  }
  EXPECT_EQ(pairs_of_head[0], pairs_of_head[1]);  // both halves of the tokens
  EXPECT_EQ(pairs_of_head[0], pairs_of_head[4]);  // head 0 of sequence 1
  EXPECT_NE(pairs_of_head[0], pairs_of_head[2]);  // head 1
}

TEST(Synthetic, keys_have_heavy_tails_and_values_do_not) {
  const KvTensors t = generate(config_of(4096, 1.0));
  EXPECT_GT(moments_of(t.keys).kurtosis, 10.0);
  EXPECT_LT(moments_of(t.values).kurtosis, 3.5);
  EXPECT_GT(moments_of(t.values).kurtosis, 3.05);  // the gains of the tokens
}

TEST(Synthetic, values_are_even_across_channels) {
  const KvTensors t = generate(config_of(4096, 1.0));
  for (std::size_t head = 0; head < 4; ++head) {
    const auto channels = channel_magnitudes(head_of(t.values, head, 4096 * 128), 128);
    const auto [low, high] = std::minmax_element(channels.begin(), channels.end());
    EXPECT_LT(*high / *low, 1.12);  // 6 standard errors of a channel's mean apart
  }
}

TEST(Synthetic, outlier_channels_of_neighbouring_tokens_are_alike) {
  const KvTensors t = generate(config_of(1024, 1.0));
  const auto rows = head_of(t.keys, 0, 1024 * 128);
  const auto channels = channel_magnitudes(rows, 128);
  const auto outlier = static_cast<std::size_t>(std::max_element(channels.begin(), channels.end()) -
                                                channels.begin());
  double product = 0.0, square = 0.0;
  for (std::size_t token = 0; token + 1 < 1024; ++token) {
    const double x = rows[token * 128 + outlier];
    product += x * rows[(token + 1) * 128 + outlier];
    square += x * x;
  }
  EXPECT_GT(product / square, 0.8);
}

TEST(Synthetic, outliers_grow_with_their_strength) {
  double previous = 0.0;
  for (const double strength : {0.0, 0.5, 1.0, 4.0, 100.0}) {
    const KvTensors t = generate(config_of(512, strength));
    const auto channels = channel_magnitudes(head_of(t.keys, 0, 512 * 128), 128);
    const double ratio = *std::max_element(channels.begin(), channels.end()) / median(channels);
    EXPECT_GT(ratio, 1.5 * previous) << strength;
    previous = ratio;
    for (const float x : t.keys) ASSERT_LT(std::abs(x), 4000.0f);
  }
}

TEST(Synthetic, attention_is_concentrated_but_not_on_one_token) {
  const KvTensors t = generate(config_of(4096, 1.0));
  std::vector<double> weights(4096);
  double sum = 0.0;
  for (std::size_t token = 0; token < 4096; ++token) {
    double score = 0.0;
    for (std::size_t c = 0; c < 128; ++c) score += double{t.keys[token * 128 + c]} * t.queries[c];
    weights[token] = std::exp(score / std::sqrt(128.0));
    sum += weights[token];
  }
  std::sort(weights.rbegin(), weights.rend());
  EXPECT_GT(std::accumulate(weights.begin(), weights.begin() + 205, 0.0) / sum, 0.4);  // top 5 %
  EXPECT_LT(weights[0] / sum, 0.3);
}

TEST(Synthetic, empty_cache_and_smallest_head_are_fine) {
  EXPECT_TRUE(generate(config_of(0, 1.0)).keys.empty());
  SyntheticConfig config = config_of(5, 1.0);
  for (const std::int64_t head_dim : {2, 4, 6, 64, 128, 256, 4096}) {
    config.head_dim = head_dim;
    const KvTensors t = generate(config);
    EXPECT_TRUE(
        std::all_of(t.keys.begin(), t.keys.end(), [](float x) { return std::isfinite(x); }));
  }
}

TEST(Synthetic, queries_can_be_added_to_a_cache_that_has_none) {
  const SyntheticConfig config = config_of(9, 1.0);
  const KvTensors whole = generate(config);
  KvTensors t = whole;
  t.queries.clear();
  t.query_heads = 0;
  add_queries(t, 8, config.seed);
  EXPECT_EQ(t.queries, whole.queries);
  EXPECT_EQ(t.query_heads, 8);
  EXPECT_THROW(add_queries(t, 3, 1), InputError);
}

TEST(Synthetic, descriptions_out_of_range_are_named) {
  const auto expect = [](auto change, const char* text) {
    SyntheticConfig config = config_of(4, 1.0);
    change(config);
    EXPECT_THAT([&] { generate(config); }, ThrowsMessage<InputError>(HasSubstr(text)));
  };
  using Config = SyntheticConfig;
  expect([](Config& c) { c.batch = 0; }, "batch (0)");
  expect([](Config& c) { c.query_heads = 7; },
         "query_heads (7) must be a multiple of kv_heads (2)");
  expect([](Config& c) { c.kv_len = -1; }, "kv_len must be in 0..2^31-1, got -1");
  expect([](Config& c) { c.kv_len = std::int64_t{1} << 40; }, "kv_len");
  expect([](Config& c) { c.head_dim = 127; }, "head_dim must be even and in 2..4096, got 127");
  expect([](Config& c) { c.head_dim = 0; }, "head_dim");
  expect([](Config& c) { c.outlier_strength = -0.1; }, "outlier_strength must be in 0..100");
  expect([](Config& c) { c.outlier_strength = std::nan(""); }, "outlier_strength");
  expect([](Config& c) { c.batch = std::int64_t{1} << 60; }, "too many");
}

TEST(Synthetic, ranges_outside_the_cache_are_refused) {
  const SyntheticConfig config = config_of(4, 1.0);
  std::vector<float> rows(2 * 128);
  for (const RowRange& where :
       {RowRange{0, 0, 3}, RowRange{0, 0, -1}, RowRange{2, 0, 0}, RowRange{0, 2, 0}}) {
    EXPECT_THROW(generate_keys(config, where, rows), InputError);
    EXPECT_THROW(generate_values(config, where, rows), InputError);
  }
  EXPECT_THROW(generate_keys(config, {0, 0, 0}, std::span(rows).first(100)), InputError);
  EXPECT_THROW(generate_query(config, 0, 8, std::span(rows).first(128)), InputError);
}

}  // namespace
}  // namespace kvroof::inputs
