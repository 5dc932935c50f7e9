// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/format_sizes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace kvroof::validate {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

double share(const FormatCase& one, std::string_view format, std::string_view operand) {
  const std::vector<FormatSize> sizes = format_sizes(one);
  const auto size = std::find_if(sizes.begin(), sizes.end(), [&](const FormatSize& s) {
    return s.format == format && s.operand == operand;
  });
  if (size == sizes.end()) return -1;
  return static_cast<double>(size->bytes.total()) / static_cast<double>(dense_bytes(one));
}

TEST(FormatSizes, are_the_known_shares_of_dense) {
  const FormatCase half;
  const FormatCase less{.sparsity = 0.7};
  EXPECT_EQ(share(half, "dense", "either"), 1.0);
  for (const char* operand : {"keys", "values"}) {
    EXPECT_EQ(share(half, "exact_rows", operand), 0.5625);
    EXPECT_EQ(share(less, "exact_rows", operand), 0.375);
    EXPECT_EQ(share(half, "two_four", operand), 0.5625);
    EXPECT_EQ(share(half, "n_of_m", operand), 0.5625);
    EXPECT_NEAR(share(half, "mustafar_tiles", operand), 0.657, 0.004);
    EXPECT_NEAR(share(less, "mustafar_tiles", operand), 0.462, 0.004);
    EXPECT_NEAR(share(half, "lane_chunk", operand), 9472.0 / 16384, 1e-9);
    // Bitmaps, a header and an offset per chunk, and of rounding 1.5 elements per lane and chunk
    // and half of 128 bytes per chunk.
    const double beside_values = 1.0 / 16 + (64 + 4 + 32 * 3 + 64) / (64 * 256.0);
    EXPECT_NEAR(share(half, "variable_rows", operand), 65.0 / 128 + beside_values, 0.003);
    EXPECT_GT(share(half, "flash_llm", operand), 1.0);
    EXPECT_GT(share(half, "csr", operand), share(half, "flash_llm", operand));
  }
}

TEST(FormatSizes, come_from_encoders_wherever_there_is_one) {
  for (const int head_dim : {64, 128, 256}) {
    for (const FormatSize& size : format_sizes({.head_dim = head_dim, .tokens = 128, .seed = 7})) {
      const bool model =
          size.format == "dense" || size.format == "csr" || size.format == "flash_llm";
      EXPECT_EQ(size.encoded, !model) << size.format;
      EXPECT_GT(size.bytes.values, 0) << size.format;
    }
  }
}

TEST(FormatSizes, exist_at_sparsity_0_and_99_percent) {
  for (const double sparsity : {0.0, 0.99}) {
    const FormatCase one{.tokens = 192, .sparsity = sparsity};
    EXPECT_LT(share(one, "variable_rows", "keys"), share(one, "mustafar_tiles", "keys"));
  }
}

TEST(FormatSizes, of_NM_are_listed_at_a_half_only) {
  for (const char* format : {"two_four", "n_of_m"}) {
    EXPECT_EQ(share({.tokens = 64, .sparsity = 0.7}, format, "keys"), -1) << format;
    EXPECT_EQ(share({.tokens = 64, .sparsity = 0.5}, format, "values"), 0.5625) << format;
  }
}

TEST(FormatSizes, refuse_a_case_out_of_range) {
  EXPECT_THAT([] { format_sizes({.head_dim = 96}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("64, 128 or 256, got 96")));
  EXPECT_THAT([] { format_sizes({.tokens = 100}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("a multiple of 64")));
  EXPECT_THAT([] { format_sizes({.tokens = 0}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("got 0")));
  EXPECT_THAT([] { format_sizes({.sparsity = 1.0}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("below 1, got 1")));
}

}  // namespace
}  // namespace kvroof::validate
