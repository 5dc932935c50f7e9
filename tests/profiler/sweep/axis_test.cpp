// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/axis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace kvroof::sweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> values(const char* text) { return parse_axis(text).values; }

std::string complaint(const std::string& text) {
  try {
    parse_axis(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(Axis, OneValueIsAnAxisOfOne) {
  EXPECT_EQ(parse_axis("kv_len=4096"), (Axis{"kv_len", {"4096"}}));
  EXPECT_EQ(parse_axis("dtype=bf16"), (Axis{"dtype", {"bf16"}}));
}

TEST(Axis, ListsKeepTheirOrder) {
  EXPECT_THAT(values("kv_len=[4096,1024,2048]"), ElementsAre("4096", "1024", "2048"));
  EXPECT_THAT(values("kernel=[pack_keys,decode]"), ElementsAre("pack_keys", "decode"));
  EXPECT_THAT(values("kv_len=[7]"), ElementsAre("7"));
}

TEST(Axis, DecimalRangesEndWhereTheySay) {
  EXPECT_THAT(values("sparsity=[0:0.9:0.1]"),
              ElementsAre("0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"));
  EXPECT_THAT(values("sparsity=[0.05:0.3:0.125]"), ElementsAre("0.05", "0.175", "0.3"));
}

TEST(Axis, RangesStopBeforeAStopThatNoStepMeets) {
  EXPECT_THAT(values("kv_len=[1:10:4]"), ElementsAre("1", "5", "9"));
  EXPECT_THAT(values("kv_len=[5:5:100]"), ElementsAre("5"));
}

TEST(Axis, TheStrideIsOneWhenLeftOut) {
  EXPECT_THAT(values("batch=[3:6]"), ElementsAre("3", "4", "5", "6"));
}

TEST(Axis, PowersOfTwoRaiseEveryValue) {
  EXPECT_THAT(values("batch[pow2]=[0:5:1]"), ElementsAre("1", "2", "4", "8", "16", "32"));
  EXPECT_THAT(values("kv_len[pow2]=[10,12]"), ElementsAre("1024", "4096"));
  EXPECT_THAT(values("kv_len[pow2]=3"), ElementsAre("8"));
}

TEST(Axis, ValuesHaveOneSpelling) {
  EXPECT_THAT(values("sparsity=[0.50,00.7,.25]"), ElementsAre("0.5", "0.7", "0.25"));
  EXPECT_THAT(values("kv_len=[010, 20 ]"), ElementsAre("10", "20"));
}

TEST(Axis, ValuesThatAreAlikeInOneSpellingAreRefused) {
  EXPECT_THAT(complaint("sparsity=[0.5,0.50]"), HasSubstr("0.5 is there twice"));
}

TEST(Axis, ComplaintsQuoteTheArgumentAndSayWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"speed=1", "the axes are query_heads"},
      {"kv_len", "an axis is name=value"},
      {"=4", "an axis is name=value"},
      {"", "an axis is name=value"},
      {"kv_len=", "empty value"},
      {"kv_len=[]", "empty value"},
      {"kv_len=[1,,2]", "empty value"},
      {"kv_len=[1,2", "both brackets"},
      {"kv_len=1,2]", "both brackets"},
      {"kv_len=[", "both brackets"},
      {"kv_len=[1:2:3:4]", "[start:stop:stride]"},
      {"kv_len=[1:9:0]", "stride must be above 0"},
      {"sparsity=[0:0.9:-0.1]", "stride must be above 0"},
      {"kv_len=[9:1:1]", "the range is empty"},
      {"kv_len=[1:4000000000000:1]", "more than 100000 values"},
      {"kv_len=1.5", "whole numbers"},
      {"kv_len=12x", "no decimal number"},
      {"kv_len=--1", "no decimal number"},
      {"kv_len=1e3", "no decimal number"},
      {"kv_len=.", "no decimal number"},
      {"sparsity=nan", "no decimal number"},
      {"sparsity=inf", "no decimal number"},
      {"sparsity=1.01", "must be 0 to 1, got 1.01"},
      {"sparsity=-0.1", "must be 0 to 1, got -0.1"},
      {"kv_len=0", "must be 1 to"},
      {"kv_len=99999999999999999999999", "more than 15 digits"},
      {"sparsity=[0:0.00000000000001:0.00000000000001]", "decimals"},
      {"batch[pow2]=[0:63:1]", "exponents 0 to 62"},
      {"batch[pow2]=-1", "exponents 0 to 62"},
      {"batch[pow2]=40", "must be 1 to 65535"},
      {"sparsity[pow2]=1", "whole numbers"},
      {"dtype[pow2]=1", "whole numbers"},
      {"batch[pow3]=1", "[pow2]"},
      {"dtype=[f16:bf16]", "takes names"}};
  for (const auto& [text, sentence] : cases) EXPECT_THAT(complaint(text), HasSubstr(sentence));
}

TEST(Axis, NoTextMakesTheParserDoAnythingButAnswerOrComplain) {
  std::mt19937 random(7);
  const std::string alphabet = "kv_len=sparsity[]:,.-0129pow2 \0\xff";
  const std::string starts[] = {"", "kv_len=", "kv_len=[", "sparsity=[0:", "batch[pow2]=["};
  for (int i = 0; i < 3000; ++i) {
    std::string text = starts[random() % 5];
    for (auto length = random() % 12; length > 0; --length)
      text += alphabet[random() % alphabet.size()];
    try {
      EXPECT_FALSE(parse_axis(text).values.empty()) << text;
    } catch (const std::invalid_argument&) {
    }
  }
}

}  // namespace
}  // namespace kvroof::sweep
