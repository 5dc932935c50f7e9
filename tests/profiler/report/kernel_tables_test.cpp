// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/kernel_tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    const bool any_group = one.kernel == "mustafar" || one.kernel == "cublas";
    EXPECT_FALSE(one.reason.empty() && one.group == 17 && !any_group) << one.kernel;
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
  ASSERT_EQ(tables.size(), 4u);
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
  const Table rules = kernel_tables(kernel_support()).back();
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
  EXPECT_EQ(std::get<std::string>(row("two_four", "values")[3]), "2_of_4_tokens");
  for (const char* side : {"keys", "values"}) {
    EXPECT_EQ(std::get<std::string>(row("think", side)[3]), "think");
    EXPECT_EQ(std::get<std::string>(row("think", side)[4]), "think has a rule of its own");
  }
}

}  // namespace
}  // namespace kvroof::report
