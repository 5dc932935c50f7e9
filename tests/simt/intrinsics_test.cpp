// SPDX-License-Identifier: Apache-2.0
// What each intrinsic of the vocabulary computes, against plain C++.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "tests/simt/run_kernel.hpp"

namespace kvroof::simt {
namespace {

using namespace simt_backend;  // NOLINT: a test of this very namespace
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Runs `value(lane)` in each lane of one warp and returns what they give.
template <class Value>
std::vector<std::uint32_t> per_lane(const Value& value, int threads = 32) {
  Bench bench;
  bench.run([&] { store_global(bench.output() + thread_index(), U32(value(thread_index()))); },
            threads, 4096);
  for (const Hazard& hazard : bench.simulator().hazards()) ADD_FAILURE() << hazard.describe();
  std::vector<std::uint32_t> results = bench.results();
  results.resize(static_cast<std::size_t>(threads));
  return results;
}

TEST(Shuffle, xor_reads_the_lane_with_those_bits_flipped) {
  for (const int mask : {1, 2, 7, 16, 31}) {
    const auto results = per_lane([&](U32 lane) { return shuffle_xor(lane * 10, mask); });
    for (int lane = 0; lane < 32; ++lane) {
      EXPECT_EQ(results[static_cast<std::size_t>(lane)], 10 * (lane ^ mask));
    }
  }
}

TEST(Shuffle, up_keeps_the_value_of_lanes_below_the_distance) {
  for (const int distance : {0, 1, 5, 31}) {
    const auto results = per_lane([&](U32 lane) { return shuffle_up(lane, distance); });
    for (int lane = 0; lane < 32; ++lane) {
      EXPECT_EQ(results[static_cast<std::size_t>(lane)], lane < distance ? lane : lane - distance);
    }
  }
}

TEST(Shuffle, by_index_takes_the_lane_modulo_32_and_may_differ_per_lane) {
  const auto results = per_lane([](U32 lane) { return shuffle(lane, lane * 3 + 40); });
  for (std::uint32_t lane = 0; lane < 32; ++lane) EXPECT_EQ(results[lane], (lane * 3 + 40) % 32);
}

TEST(Shuffle, moves_the_bits_of_floats) {
  const auto results = per_lane([](U32 lane) {
    const F32 value = static_cast<float>(lane) * -0.5f;
    return bits_of(shuffle_xor(value, 1));
  });
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(std::bit_cast<float>(results[lane]), static_cast<float>(lane ^ 1u) * -0.5f);
  }
}

TEST(Vote, sees_only_lanes_of_the_mask) {
  const auto results = per_lane([](U32 lane) {
    U32 votes = 0u;
    if (lane % 2 == 0) {
      votes = ballot(lane % 3 == 0, 0x55555555u);
    } else {
      votes = ballot(true, 0xaaaaaaaau);
    }
    return votes;
  });
  std::uint32_t even = 0;
  for (std::uint32_t lane = 0; lane < 32; lane += 6) even |= 1u << lane;
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(results[lane], lane % 2 == 0 ? even : 0xaaaaaaaau);
  }
}

TEST(Vote, any_and_all_agree_with_the_ballot) {
  const auto results = per_lane([](U32 lane) {
    return U32(any(lane == 31)) | U32(any(lane == 32)) << 1 | U32(all(lane < 32)) << 2 |
           U32(all(lane != 7)) << 3;
  });
  EXPECT_THAT(results, testing::Each(0b0101u));
}

TEST(Vote, works_in_a_last_warp_of_8_threads) {
  const auto results = per_lane([](U32 thread) { return ballot(thread != 33); }, 40);
  EXPECT_EQ(results[31], 0xffffffffu);
  EXPECT_EQ(results[32], 0xfdu);
  EXPECT_EQ(results[39], 0xfdu);
}

TEST(Vote, counts_out_lanes_that_have_exited_in_every_lane_order) {
  for (const Order order : {Order::kAscending, Order::kDescending, Order::kRotated}) {
    Bench bench({.host_threads = 1, .lane_order = order});
    bench.run([&] {
      if (lane_index() >= 16) return;
      const U32 votes = ballot(true);
      store_global(bench.output() + thread_index(), votes);
    });
    EXPECT_THAT(bench.simulator().hazards(), testing::IsEmpty());
    EXPECT_EQ(bench.results()[0], 0xffffu);
    EXPECT_EQ(bench.results()[15], 0xffffu);
    EXPECT_EQ(bench.results()[16], 0u);
  }
}

TEST(Reduction, combines_the_lanes_of_the_mask) {
  const auto results = per_lane(
      [](U32 lane) { return warp_sum(lane) | warp_min(lane + 3) << 10 | warp_max(lane) << 20; });
  EXPECT_THAT(results, testing::Each(496u | 3u << 10 | 31u << 20));
}

TEST(BytePermute, picks_bytes_by_selector_digits_and_replicates_signs) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const auto low = static_cast<std::uint32_t>(random());
    const auto high = static_cast<std::uint32_t>(random());
    const auto selector = static_cast<std::uint32_t>(random());
    std::uint32_t expected = 0;
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned digit = selector >> 4 * i & 15u;
      const std::uint32_t source = (digit & 7u) < 4 ? low : high;
      std::uint32_t byte = source >> (digit % 4 * 8) & 0xffu;
      if (digit >= 8) byte = byte >= 128 ? 0xffu : 0u;
      expected |= byte << 8 * i;
    }
    EXPECT_EQ(std::uint32_t{byte_permute(low, high, selector)}, expected) << selector;
  }
}

TEST(ByteWindow, starts_at_the_offset_modulo_4) {
  const std::uint32_t low = 0x33221100u, high = 0x77665544u;
  EXPECT_EQ(std::uint32_t{byte_window(low, high, 0u)}, 0x33221100u);
  EXPECT_EQ(std::uint32_t{byte_window(low, high, 1u)}, 0x44332211u);
  EXPECT_EQ(std::uint32_t{byte_window(low, high, 3u)}, 0x66554433u);
  EXPECT_EQ(std::uint32_t{byte_window(low, high, 6u)}, 0x55443322u);
}

TEST(FunnelShift, takes_its_distance_modulo_32) {
  const std::uint32_t low = 0x33221100u, high = 0x77665544u;
  EXPECT_EQ(std::uint32_t{funnel_shift_right(low, high, 0u)}, 0x33221100u);
  EXPECT_EQ(std::uint32_t{funnel_shift_right(low, high, 4u)}, 0x43322110u);
  EXPECT_EQ(std::uint32_t{funnel_shift_right(low, high, 31u)}, 0xeeccaa88u);
  EXPECT_EQ(std::uint32_t{funnel_shift_right(low, high, 32u)}, 0x33221100u);
}

TEST(Integer, counts_bits_and_leading_zeros_at_the_edges) {
  EXPECT_EQ(std::uint32_t{popcount(0xffffffffu)}, 32u);
  EXPECT_EQ(std::uint32_t{popcount(0u)}, 0u);
  EXPECT_EQ(std::uint32_t{count_leading_zeros(0u)}, 32u);
  EXPECT_EQ(std::uint32_t{count_leading_zeros(1u)}, 31u);
  EXPECT_EQ(std::uint32_t{count_leading_zeros(0x80000000u)}, 0u);
}

TEST(Integer, multiply_add_and_extremes_wrap_and_compare_unsigned) {
  EXPECT_EQ(std::uint32_t{multiply_add<0xffffffffu>(3u, 5u)}, 2u);
  EXPECT_EQ(std::uint32_t{min_u32(0xffffffffu, 1u)}, 1u);
  EXPECT_EQ(std::uint32_t{max_u32(0xffffffffu, 1u)}, 0xffffffffu);
}

TEST(FloatingPoint, max_prefers_numbers_to_nan_and_plus_zero_to_minus_zero) {
  EXPECT_EQ(float{max_f32(kNan, 1.0f)}, 1.0f);
  EXPECT_EQ(float{max_f32(-kInfinity, kNan)}, -kInfinity);
  EXPECT_TRUE(std::isnan(float{max_f32(kNan, kNan)}));
  EXPECT_FALSE(std::signbit(float{max_f32(-0.0f, 0.0f)}));
  EXPECT_FALSE(std::signbit(float{max_f32(0.0f, -0.0f)}));
}

TEST(FloatingPoint, special_functions_keep_their_promises_at_the_edges) {
  EXPECT_EQ(float{exp2_approx(-kInfinity)}, 0.0f);
  EXPECT_EQ(float{exp2_approx(kInfinity)}, kInfinity);
  EXPECT_EQ(float{exp2_approx(10.0f)}, 1024.0f);
  EXPECT_EQ(float{exp2_approx(-140.0f)}, 0.0f);  // a subnormal, flushed
  EXPECT_TRUE(std::isnan(float{exp2_approx(kNan)}));
  EXPECT_EQ(float{log2_approx(0.0f)}, -kInfinity);
  EXPECT_EQ(float{log2_approx(8.0f)}, 3.0f);
  EXPECT_TRUE(std::isnan(float{log2_approx(-1.0f)}));
  EXPECT_EQ(float{reciprocal(4.0f)}, 0.25f);
  EXPECT_EQ(float{reciprocal(0.0f)}, kInfinity);
}

TEST(FloatingPoint, binary64_rounds_every_sum_and_product_and_keeps_NaN_and_infinity) {
  const auto bits = [](U32x2 value) {
    return std::uint64_t{std::uint32_t{value.y}} << 32 | std::uint32_t{value.x};
  };
  const auto of = [&](double value) { return std::bit_cast<std::uint64_t>(value); };
  const float a = 1.0f + 0x1p-23f;
  const U32x2 square = multiply_f64(f64_from_f32(a), f64_from_f32(a));
  EXPECT_EQ(bits(square), of(double{a} * a));
  const U32x2 fourth = multiply_f64(square, square);  // 93 bits, rounded to 53
  EXPECT_EQ(bits(fourth), of(double{a} * a * (double{a} * a)));
  EXPECT_EQ(bits(add_f64(fourth, f64_from_f32(-1e-30f))),
            of(double{a} * a * (double{a} * a) + double{-1e-30f}));
  EXPECT_EQ(bits(f64_from_f32(-kInfinity)), 0xfff0000000000000u);
  EXPECT_EQ(bits(f64_from_f32(-0.0f)), 0x8000000000000000u);
  EXPECT_EQ(bits(multiply_f64(f64_from_f32(0.0f), f64_from_f32(kInfinity))) << 1 >> 52, 0xfffu);
}

TEST(FloatingPoint, binary64_divides_raises_and_narrows) {
  const U32x2 one = f64_from_f32(1.0f);
  const U32x2 third = divide_f64(one, f64_from_f32(3.0f));
  EXPECT_EQ(float{f32_from_f64(third)}, 1.0f / 3.0f);
  EXPECT_EQ(float{f32_from_f64(divide_f64(one, f64_from_f32(0.0f)))}, kInfinity);
  EXPECT_EQ(float{f32_from_f64(exp_f64(f64_from_f32(0.0f)))}, 1.0f);
  EXPECT_EQ(float{f32_from_f64(exp_f64(f64_from_f32(-kInfinity)))}, 0.0f);
  EXPECT_TRUE(std::isnan(float{f32_from_f64(exp_f64(f64_from_f32(kNan)))}));
  EXPECT_EQ(float{f32_from_f64(max_f64(f64_from_f32(kNan), f64_from_f32(-2.0f)))}, -2.0f);
  EXPECT_EQ(float{f32_from_f64(max_f64(f64_from_f32(-3.0f), f64_from_f32(-2.0f)))}, -2.0f);
  EXPECT_EQ(float{f32_from_f64(max_f64(f64_from_f32(-kInfinity), one))}, 1.0f);
}

TEST(FloatingPoint, product_and_addend_round_once) {
  const F32 a = 1.0f + 0x1p-12f, c = -1.0f;
  EXPECT_EQ(float{a * a + c}, std::fma(float{a}, float{a}, -1.0f));
  EXPECT_NE(float{a * a + c}, float{F32(a * a) + c});
}

template <class Value>
class SixteenBit : public testing::Test {};
using Values = testing::Types<Half, BFloat16>;
TYPED_TEST_SUITE(SixteenBit, Values);

TYPED_TEST(SixteenBit, packing_and_unpacking_agree_with_the_value_type) {
  for (const float value :
       {0.0f, -0.0f, 1.0f, -2.75f, 65504.0f, 1e-7f, 1e30f, kInfinity, -kInfinity}) {
    const U32 packed = pack_values<TypeParam>(value, -value);
    EXPECT_EQ(std::uint32_t{packed} & 0xffffu, from_float<TypeParam>(value).bits);
    EXPECT_EQ(std::uint32_t{packed} >> 16, from_float<TypeParam>(-value).bits);
    const float back = f32_from_value<TypeParam>(packed & 0xffffu);
    EXPECT_EQ(back, to_float(from_float<TypeParam>(value)));
  }
  EXPECT_TRUE(std::isnan(float{f32_from_value<TypeParam>(pack_values<TypeParam>(kNan, 0.0f))}));
}

TYPED_TEST(SixteenBit, mma_multiplies_the_fragments_of_the_ptx_layout) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> number(-4.0f, 4.0f);
  TypeParam a[16][16], b[16][8];
  float c[16][8];
  const float specials[] = {kInfinity, -kInfinity, kNan, 0.0f, -0.0f, 6e-8f};
  for (int round = 0; round < 8; ++round) {
    for (auto& row : a)
      for (auto& x : row) x = from_float<TypeParam>(number(random));
    for (auto& row : b)
      for (auto& x : row) x = from_float<TypeParam>(number(random));
    for (auto& row : c)
      for (auto& x : row) x = number(random);
    if (round > 1) {  // a special value in one row of A and one column of B
      a[round][3] = from_float<TypeParam>(specials[round - 2]);
      b[5][round - 1] = from_float<TypeParam>(specials[round - 2]);
    }
    float expected[16][8];
    for (int m = 0; m < 16; ++m) {
      for (int n = 0; n < 8; ++n) {
        expected[m][n] = c[m][n];
        for (int k = 0; k < 16; ++k) expected[m][n] += to_float(a[m][k]) * to_float(b[k][n]);
      }
    }
    float got[16][8];
    Bench bench;
    bench.run([&] {
      const auto lane = static_cast<int>(lane_index());
      const int g = lane / 4, t = lane % 4 * 2;
      const auto pair = [](TypeParam low, TypeParam high) {
        return U32(std::uint32_t{low.bits} | std::uint32_t{high.bits} << 16);
      };
      const U32 fragment[4] = {pair(a[g][t], a[g][t + 1]), pair(a[g + 8][t], a[g + 8][t + 1]),
                               pair(a[g][t + 8], a[g][t + 9]),
                               pair(a[g + 8][t + 8], a[g + 8][t + 9])};
      F32 d[4] = {c[g][t], c[g][t + 1], c[g + 8][t], c[g + 8][t + 1]};
      mma_m16n8k16<TypeParam>(d, fragment, pair(b[t][g], b[t + 1][g]),
                              pair(b[t + 8][g], b[t + 9][g]));
      for (int i = 0; i < 4; ++i) got[g + i / 2 * 8][t + i % 2] = d[i];
    });
    for (int m = 0; m < 16; ++m) {
      for (int n = 0; n < 8; ++n) {
        if (std::isnan(expected[m][n])) {
          EXPECT_TRUE(std::isnan(got[m][n])) << round << ": " << m << ", " << n;
        } else {
          EXPECT_EQ(got[m][n], expected[m][n]) << round << ": " << m << ", " << n;
        }
      }
    }
  }
}

TEST(Matrix, ldmatrix_gives_each_lane_its_pairs_of_four_matrices) {
  for (const bool transposed : {false, true}) {
    Bench bench;
    bench.run(
        [&] {
          auto& words = shared_memory<std::uint32_t[128]>();
          const U32 lane = lane_index();
          for (std::uint32_t i = 0; i < 4; ++i) {  // element e of the 32 rows of 8 holds e
            const U32 first = 2 * (4 * lane + i);
            store_shared(&words[4 * lane + i], U32(first | (first + 1) << 16));
          }
          sync_warp();
          U32 result[4];
          transposed ? load_matrix_x4_transposed(result, &words[4 * lane])
                     : load_matrix_x4(result, &words[4 * lane]);
          for (std::uint32_t i = 0; i < 4; ++i) {
            store_global(bench.output() + (4 * lane + i), result[i]);
          }
        },
        32, 512);
    EXPECT_THAT(bench.simulator().hazards(), testing::IsEmpty());
    const auto results = bench.results();
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
      const std::uint32_t g = lane / 4, t = lane % 4 * 2;
      for (std::uint32_t matrix = 0; matrix < 4; ++matrix) {
        const auto element = [&](std::uint32_t row, std::uint32_t column) {
          return matrix * 64 + row * 8 + column;
        };
        const std::uint32_t low = transposed ? element(t, g) : element(g, t);
        const std::uint32_t high = transposed ? element(t + 1, g) : element(g, t + 1);
        EXPECT_EQ(results[4 * lane + matrix], low | high << 16) << lane << ", " << matrix;
      }
    }
  }
}

TEST(Matrix, movmatrix_transposes_and_twice_restores) {
  const auto fragment = [](U32 lane) { return 2 * lane | (2 * lane + 1) << 16; };
  const auto once = per_lane([&](U32 lane) { return move_matrix_transposed(fragment(lane)); });
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    const std::uint32_t g = lane / 4,
                        t = lane % 4 * 2;  // element (row, column) holds 8 row + column
    EXPECT_EQ(once[lane], (8 * t + g) | (8 * (t + 1) + g) << 16);
  }
  const auto twice = per_lane(
      [&](U32 lane) { return move_matrix_transposed(move_matrix_transposed(fragment(lane))); });
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(twice[lane], 2 * lane | (2 * lane + 1) << 16);
  }
}

TEST(Memory, moves_every_width_through_global_and_shared_memory) {
  Bench bench;
  bench.run(
      [&] {
        auto& bytes = shared_memory<std::uint8_t[1024]>();
        const U32 lane = lane_index();
        const auto four = load_global<U32x4>(bench.input() + 4 * lane);
        store_shared(&bytes[16 * lane], four);
        const auto two = load_shared<U32x2>(&bytes[16 * lane + 8]);
        store_shared_u16(&bytes[512 + 2 * lane], two.x);
        store_shared_u8(&bytes[576 + lane], two.y);
        const U32 half = load_shared_u16(&bytes[512 + 2 * lane]);
        const U32 byte = load_shared_u8(&bytes[576 + lane]);
        const auto at = load_shared_at<U32x2, 8>(shared_address(bytes) + 16 * lane);
        auto* const out = reinterpret_cast<std::uint8_t*>(bench.output());
        store_global(out + 16 * lane, U32x4{half, byte, at.x, at.y});
        store_global_u16(out + 512 + 2 * lane, load_global_u16(bench.input() + 4 * lane));
        store_global_u8(out + 576 + lane, load_global_u8(bench.input() + 4 * lane));
      },
      32, 1024);
  for (const Hazard& hazard : bench.simulator().hazards()) ADD_FAILURE() << hazard.describe();
  const auto results = bench.results();
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(results[4 * lane], 4 * lane + 2);
    EXPECT_EQ(results[4 * lane + 1], 4 * lane + 3);
    EXPECT_EQ(results[4 * lane + 2], 4 * lane + 2);
    EXPECT_EQ(results[4 * lane + 3], 4 * lane + 3);
    EXPECT_EQ(results[128 + lane / 2] >> (lane % 2 * 16) & 0xffffu, 4 * lane);
    EXPECT_EQ(results[144 + lane / 4] >> (lane % 4 * 8) & 0xffu, 4 * lane);
  }
}

TEST(Memory, a_predicated_off_load_yields_zero_even_from_nowhere) {
  Bench bench;
  bench.run(
      [&] {
        const U32 a = load_global_if<U32>(false, nullptr);
        const U32 b = load_shared_if<U32>(false, nullptr);
        const U32 c = load_global_u16_if(false, nullptr) + load_shared_u16_if(false, nullptr);
        copy_async_16_if(false, nullptr, nullptr);
        store_global_if(false, nullptr, a);
        store_global(bench.output() + thread_index(), U32(a + b + c + 1));
      },
      32, 4);
  EXPECT_THAT(bench.simulator().hazards(), testing::IsEmpty());
  EXPECT_EQ(bench.results()[31], 1u);
}

TEST(Memory, a_faulty_load_yields_poison_and_the_kernel_goes_on) {
  Bench bench;
  bench.run([&] {
    const U32 value = load_global<U32>(nullptr);
    store_global(bench.output() + thread_index(), value);
  });
  EXPECT_EQ(bench.simulator().hazards().size(), 1u);
  EXPECT_EQ(bench.results()[5], 0xcdcdcdcdu);
}

TEST(AsyncCopy, wait_lets_the_newest_groups_go_on) {
  Bench bench;
  bench.run(
      [&] {
        auto& words = shared_memory<std::uint32_t[512]>();
        const U32 lane = lane_index();
        for (int stage = 0; stage < 3; ++stage) {
          copy_async_16(&words[128 * stage + 4 * lane], bench.input() + 128 * stage + 4 * lane);
          copy_async_commit();
        }
        copy_async_wait<1>();
        const U32 sum =
            load_shared<U32>(&words[4 * lane]) + load_shared<U32>(&words[128 + 4 * lane]);
        copy_async_wait<0>();
        const U32 last = load_shared<U32>(&words[256 + 4 * lane + 3]);
        store_global(bench.output() + lane, U32(sum + last));
      },
      32, 2048);
  for (const Hazard& hazard : bench.simulator().hazards()) ADD_FAILURE() << hazard.describe();
  EXPECT_EQ(bench.results()[2], 8u + 136u + 267u);
}

TEST(Atomics, give_each_caller_its_own_number) {
  for (const int host_threads : {1, 2}) {
    Bench bench({.host_threads = host_threads});
    bench.run(
        [&] {
          auto& counter = shared_memory<std::uint32_t>();
          store_shared_if(thread_index() == 0, &counter, U32(0u));
          sync_threads();
          const U32 mine = atomic_add_shared(&counter, 1u);
          const U32 global = atomic_add_global(bench.output(), 1u);
          store_global(bench.output() + 1 + global, mine);
        },
        64, 4, 8);
    for (const Hazard& hazard : bench.simulator().hazards()) ADD_FAILURE() << hazard.describe();
    auto results = bench.results();
    EXPECT_EQ(results[0], 512u);
    std::vector<int> seen(64);
    for (std::size_t i = 1; i <= 512; ++i) ++seen[results[i]];
    EXPECT_THAT(seen, testing::Each(8));
  }
}

TEST(Registers, mix_with_plain_integers_and_floats_like_plain_types) {
  const U32 x = 7u;
  const int plain = 3;
  const std::int64_t wide = std::int64_t{1} << 40;
  EXPECT_EQ(wide + x, wide + 7);
  EXPECT_EQ(std::uint32_t{x - plain * 3}, 0xfffffffeu);
  EXPECT_EQ(std::uint32_t{1u << x}, 128u);
  EXPECT_TRUE(x > plain && 3 < x && x == 7 && x != 8u);
  EXPECT_EQ((x > plain ? x : U32(0u)), 7u);
  const int array[8] = {0, 1, 2, 3, 4, 5, 6, 42};
  EXPECT_EQ(array[x], 42);
  F32 f = 0.5f;
  f += 2 * f;
  EXPECT_EQ(float{f}, 1.5f);
  EXPECT_EQ(static_cast<float>(x) * f, 10.5f);
  EXPECT_EQ(std::uint32_t{U32(F32(2.9f))}, 2u);
}

}  // namespace
}  // namespace kvroof::simt
