// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/kernel_tables.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "profiler/validate/method.hpp"

namespace kvroof::report {
namespace {

using ::testing::HasSubstr;

TEST(KernelTables, list_every_kernel_with_a_reason_for_what_is_refused) {
  const std::vector<KernelSupport> support = kernel_support();
  std::set<std::string_view> supported;
  for (const KernelSupport& one : support) {
    if (one.backend == Backend::kSim && one.reason.empty()) supported.insert(one.kernel);
    EXPECT_FALSE(one.reason.empty() && one.head_dim == 96) << one.kernel;
    // A warp works for one query head; a matrix product has as many columns as it is given.
    const bool any_group = one.kernel == "mustafar" || one.kernel == "cublas" ||
                           one.kernel.starts_with("prune_") || one.kernel == "sum_weights" ||
                           one.kernel == "append";
    EXPECT_FALSE(one.reason.empty() && one.group > 16 && !any_group) << one.kernel;
    const bool dense_256 =
        one.kernel == "dense" && one.backend == Backend::kSim && one.head_dim == 256;
    EXPECT_TRUE(!dense_256 || one.reason.empty() == (one.group <= 16)) << one.reason;
  }
  for (const std::string_view kernel : validate::kernel_names())
    EXPECT_TRUE(supported.contains(kernel) ||
                !validate::method_of_kernel(kernel).why_not_on(Backend::kSim).empty())
        << kernel;
}

TEST(KernelTables, show_groups_as_ranges_and_each_reason_once) {
  const std::vector<Table> tables = kernel_tables(kernel_support());
  ASSERT_EQ(tables.size(), 5u);
  EXPECT_THAT(to_text(tables[1]), HasSubstr("1-16"));
  EXPECT_THAT(to_text(tables[2]), HasSubstr("head_dim must be 64, 128 or 256"));
  std::set<std::string> seen;
  for (const std::vector<Value>& row : tables[2].rows) {
    EXPECT_TRUE(seen.insert(std::get<std::string>(row[0]) + std::get<std::string>(row[1]) +
                            std::get<std::string>(row[3]))
                    .second);
  }
}

TEST(KernelTables, say_which_rules_each_method_stores_and_why_not_the_others) {
  const Table rules = kernel_tables(kernel_support())[3];
  const auto row = [&](std::string_view method, std::string_view side) {
    for (const std::vector<Value>& one : rules.rows)
      if (std::get<std::string>(one[0]) == method && std::get<std::string>(one[1]) == side)
        return one;
    return std::vector<Value>{};
  };
  const auto keys = row("lane_chunk", "keys");
  ASSERT_FALSE(keys.empty());
  EXPECT_EQ(std::get<std::string>(keys[3]),
            "none, per_token_magnitude, published, per_token_output_aware, think, 2:4, 4:8, 8:16");
  EXPECT_TRUE(std::holds_alternative<Missing>(keys[4]));
  for (const char* method : {"lane_chunk", "mustafar"}) {
    const auto values = row(method, "values");
    EXPECT_THAT(std::get<std::string>(values[3]), HasSubstr("per_channel_output_aware")) << method;
    EXPECT_TRUE(std::holds_alternative<Missing>(values[4])) << method;
  }
  EXPECT_EQ(std::get<std::string>(row("two_four", "keys")[3]), "2:4");
  EXPECT_EQ(std::get<std::string>(row("two_four", "values")[3]), "2:4_tokens");
  EXPECT_EQ(std::get<std::string>(row("lane_chunk, growing", "keys")[3]),
            "none, per_token_magnitude");
  EXPECT_THAT(std::get<std::string>(row("lane_chunk, growing", "values")[4]),
              HasSubstr("a cache that grows prunes per token by magnitude"));
  for (const char* side : {"keys", "values"}) {
    EXPECT_EQ(std::get<std::string>(row("think", side)[3]), "think");
    EXPECT_THAT(std::get<std::string>(row("think", side)[4]),
                HasSubstr(fmt::format("its rule for {} is think; leave it out", side)));
  }
}

TEST(KernelTables, say_which_options_each_method_refuses) {
  const Table options = kernel_tables(kernel_support()).back();
  std::map<std::string, std::string> reasons;
  for (const std::vector<Value>& row : options.rows)
    reasons[std::get<std::string>(row[0]) + " " + std::get<std::string>(row[1])] =
        std::get<std::string>(row[2]);
  EXPECT_THAT(reasons["two_four --sparsity 0.7"], HasSubstr("keeps 64 of 128 channels"));
  EXPECT_THAT(reasons["dense --sparsity 0.7"], HasSubstr("keeps 128 of 128 channels"));
  EXPECT_THAT(reasons["dense --window 64"], HasSubstr("no window"));
  EXPECT_THAT(reasons["lane_chunk --append 1 --sinks 4"], HasSubstr("got 4 sinks"));
  EXPECT_THAT(reasons["cublas --batch 2 --kv-len 96,200"], HasSubstr("one length"));
  for (const char* method : {"dense", "think", "two_four", "mustafar", "cublas"})
    EXPECT_THAT(reasons[method + std::string(" --append 1")], HasSubstr("does not grow"));
  for (const char* method : {"mustafar", "cublas"})
    EXPECT_THAT(reasons[method + std::string(" --blocks 3")], HasSubstr("the shape decides"));
  EXPECT_FALSE(reasons.contains("lane_chunk --sparsity 0.7"));
  EXPECT_FALSE(reasons.contains("mustafar --sinks 4"));
}

TEST(KernelTables, list_what_prepares_and_groups_without_a_limit) {
  const std::vector<Table> tables = kernel_tables(kernel_support());
  std::set<std::string> shown, any;
  for (const std::vector<Value>& row : tables[1].rows) {
    shown.insert(std::get<std::string>(row[0]));
    if (std::get<std::string>(row[4]) == "any") any.insert(std::get<std::string>(row[0]));
  }
  for (const char* kernel : {"prune_keys", "prune_values", "sum_weights", "append"})
    EXPECT_TRUE(shown.contains(kernel) && any.contains(kernel)) << kernel;
  EXPECT_TRUE(any.contains("mustafar"));
  EXPECT_FALSE(any.contains("decode"));
}

}  // namespace
}  // namespace kvroof::report
