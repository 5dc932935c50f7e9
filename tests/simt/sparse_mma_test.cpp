// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "kernels/platform/platform.hpp"
#include "kernels/simt/mma.hpp"
#include "tests/simt/run_kernel.hpp"

// The sparse mma of the simulator against a product written out by rows and columns. The fragments
// are those of the PTX ISA, put together here once more.
namespace kvroof::simt {
namespace {

using namespace simt_backend;

constexpr std::array<std::array<int, 2>, 6> kPairs = {
    {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}}};

template <class Value>
struct Product {
  Value stored[16][16];  // two of every four columns
  int column[16][16];    // where they stand in A
  Value b[32][8];
  float c[16][8];

  explicit Product(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> number(-4.0f, 4.0f);
    for (int m = 0; m < 16; ++m) {
      for (int group = 0; group < 8; ++group) {
        const auto& pair = kPairs[random() % kPairs.size()];
        for (int e = 0; e < 2; ++e) {
          stored[m][2 * group + e] = from_float<Value>(number(random));
          column[m][2 * group + e] = 4 * group + pair[static_cast<std::size_t>(e)];
        }
      }
    }
    for (auto& row : b)
      for (Value& x : row) x = from_float<Value>(number(random));
    for (auto& row : c)
      for (float& x : row) x = number(random);
  }

  bool stores(int m, int k) const {
    for (int j = 0; j < 16; ++j)
      if (column[m][j] == k) return true;
    return false;
  }
  float expected(int m, int n) const {
    float sum = c[m][n];
    for (int j = 0; j < 16; ++j) sum += to_float(stored[m][j]) * to_float(b[column[m][j]][n]);
    return sum;
  }
  /// The 16 bits that name the stored columns of row m in its left (0) or right half.
  std::uint32_t metadata(int m, int half) const {
    std::uint32_t bits = 0;
    for (int j = 0; j < 8; ++j)
      bits |= static_cast<std::uint32_t>(column[m][8 * half + j] % 4) << 2 * j;
    return bits;
  }
};

template <class Value>
U32 pair_of(Value low, Value high) {
  return U32(std::uint32_t{low.bits} | std::uint32_t{high.bits} << 16);
}

/// What the warp computes, [16][8]; lanes that the selector does not name give invalid metadata.
template <class Value, int Selector>
std::array<std::array<float, 8>, 16> multiply(const Product<Value>& p, Bench& bench) {
  std::array<std::array<float, 8>, 16> got;
  bench.run([&] {
    const auto lane = static_cast<int>(lane_index());
    const int g = lane / 4, t = lane % 4 * 2;
    const U32 a[4] = {pair_of(p.stored[g][t], p.stored[g][t + 1]),
                      pair_of(p.stored[g + 8][t], p.stored[g + 8][t + 1]),
                      pair_of(p.stored[g][t + 8], p.stored[g][t + 9]),
                      pair_of(p.stored[g + 8][t + 8], p.stored[g + 8][t + 9])};
    U32 b[4];
    for (int j = 0; j < 4; ++j) b[j] = pair_of(p.b[8 * j + t][g], p.b[8 * j + t + 1][g]);
    const int half = lane % 4 - 2 * Selector;
    const U32 metadata =
        half == 0 || half == 1 ? U32(p.metadata(g, half) | p.metadata(g + 8, half) << 16) : U32(0u);
    F32 d[4] = {p.c[g][t], p.c[g][t + 1], p.c[g + 8][t], p.c[g + 8][t + 1]};
    mma_sparse_m16n8k32<Value, Selector>(d, a, b, metadata);
    for (int i = 0; i < 4; ++i) {
      got[static_cast<std::size_t>(g + i / 2 * 8)][static_cast<std::size_t>(t + i % 2)] = d[i];
    }
  });
  return got;
}

template <class Value>
class SparseMma : public ::testing::Test {};
using Types = ::testing::Types<Half, BFloat16>;
TYPED_TEST_SUITE(SparseMma, Types);

TYPED_TEST(SparseMma, multiplies_the_stored_columns_whichever_lanes_give_the_metadata) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    const Product<TypeParam> product(seed);
    Bench bench;
    const auto first = multiply<TypeParam, 0>(product, bench);
    const auto second = multiply<TypeParam, 1>(product, bench);
    EXPECT_THAT(bench.simulator().hazards(), testing::IsEmpty());
    for (int m = 0; m < 16; ++m) {
      for (int n = 0; n < 8; ++n) {
        const auto row = static_cast<std::size_t>(m), column = static_cast<std::size_t>(n);
        EXPECT_EQ(first[row][column], product.expected(m, n)) << m << ", " << n;
        EXPECT_EQ(second[row][column], product.expected(m, n)) << m << ", " << n;
      }
    }
  }
}

TYPED_TEST(SparseMma, a_column_that_is_not_stored_meets_nothing_of_b) {
  Product<TypeParam> product(3);
  constexpr int k = 13;
  for (auto& x : product.b[k]) x = from_float<TypeParam>(std::numeric_limits<float>::quiet_NaN());
  Bench bench;
  const auto got = multiply<TypeParam, 0>(product, bench);
  int touched = 0;
  for (int m = 0; m < 16; ++m) {
    touched += product.stores(m, k);
    EXPECT_EQ(std::isnan(got[static_cast<std::size_t>(m)][0]), product.stores(m, k)) << m;
  }
  EXPECT_GT(touched, 0);
  EXPECT_LT(touched, 16);
}

TYPED_TEST(SparseMma, counts_the_products_that_are_performed) {
  Bench bench;
  multiply<TypeParam, 1>(Product<TypeParam>(1), bench);
  const Counters& counters = bench.simulator().launches().back().counters;
  EXPECT_EQ(counters.mma, 1);
  EXPECT_EQ(counters.mma_flops, 2 * 16 * 8 * 16);
  EXPECT_EQ(counters.issued(Pipe::kTensor), 1);
}

TEST(Metadata, is_valid_when_every_group_names_two_columns_in_ascending_order) {
  for (std::uint32_t bits = 0; bits < 16; ++bits) {
    const bool ascending = (bits & 3u) < bits >> 2;
    for (int group = 0; group < 8; ++group) {
      const std::uint32_t others = 0x44444444u & ~(0xfu << 4 * group);
      EXPECT_EQ(is_valid_metadata(others | bits << 4 * group), ascending) << bits << ", " << group;
    }
  }
}

}  // namespace
}  // namespace kvroof::simt
