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
    const bool any_group = one.kernel == "mustafar";  // a warp works for one query head
    EXPECT_FALSE(one.reason.empty() && one.group == 17 && !any_group) << one.kernel;
    const bool dense_256 =
        one.kernel == "dense" && one.backend == Backend::kSim && one.head_dim == 256;
    EXPECT_TRUE(!dense_256 || one.reason.empty() == (one.group <= 16)) << one.reason;
  }
  for (const std::string_view kernel : validate::kernel_names())
    EXPECT_TRUE(supported.contains(kernel) ||
                !validate::method_of_kernel(kernel).runs_on(Backend::kSim))
        << kernel;
}

TEST(KernelTables, show_groups_as_ranges_and_each_reason_once) {
  const std::vector<Table> tables = kernel_tables(kernel_support());
  ASSERT_EQ(tables.size(), 3u);
  EXPECT_THAT(to_text(tables[1]), HasSubstr("1-16"));
  EXPECT_THAT(to_text(tables[2]), HasSubstr("head_dim must be 64, 128 or 256"));
  std::set<std::string> seen;
  for (const std::vector<Value>& row : tables[2].rows) {
    EXPECT_TRUE(seen.insert(std::get<std::string>(row[0]) + std::get<std::string>(row[1]) +
                            std::get<std::string>(row[3]))
                    .second);
  }
}

}  // namespace
}  // namespace kvroof::report
