// SPDX-License-Identifier: Apache-2.0
#include "profiler/cupti/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "profiler/cupti/profiler_host.hpp"

namespace kvroof::cupti {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::function<std::string(const std::string&)> kNoUnit = [](const std::string&) {
  return "";
};

const ResolvedMetric& named(const std::vector<ResolvedMetric>& all, const std::string& name) {
  return *std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
}

TEST(Metrics, rows_have_names_of_their_own_and_a_candidate) {
  std::set<std::string_view> names;
  for (const MetricRow& row : metric_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.candidates.empty()) << row.name;
    EXPECT_FALSE(row.unit.empty()) << row.name;
  }
}

TEST(Metrics, the_first_candidate_that_the_chip_knows_is_taken) {
  const auto second = resolve(
      {}, [](const std::string& m) { return m == "dram__bytes_op_read.sum"; }, kNoUnit);
  EXPECT_EQ(named(second, "dram_read_bytes").metric, "dram__bytes_op_read.sum");
  const auto both = resolve(
      {}, [](const std::string&) { return true; }, kNoUnit);
  EXPECT_EQ(named(both, "dram_read_bytes").metric, "dram__bytes_read.sum");
}

TEST(Metrics, a_chip_without_any_candidate_says_which_it_lacks) {
  const auto none = resolve(
      {}, [](const std::string&) { return false; }, kNoUnit);
  EXPECT_THAT(found_metrics(none), SizeIs(0));
  EXPECT_EQ(named(none, "dram_read_bytes").reason,
            "this chip has no dram__bytes_read.sum, no dram__bytes_op_read.sum");
}

TEST(Metrics, extra_metrics_keep_their_names_and_get_cuptis_unit) {
  const std::vector<std::string> extra = {"known.sum", "unknown.sum"};
  const auto all = resolve(
      extra, [](const std::string& m) { return m == "known.sum"; },
      [](const std::string& m) { return m == "known.sum" ? "warp" : ""; });
  EXPECT_EQ(named(all, "known.sum").unit, "warp");
  EXPECT_EQ(named(all, "unknown.sum").unit, "1");
  EXPECT_THAT(named(all, "unknown.sum").reason, HasSubstr("no metric of that name"));
}

class OnChip : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!load().usable()) GTEST_SKIP() << load().reason;
  }
};

TEST_P(OnChip, every_counter_has_a_metric_and_all_fit_a_few_passes) {
  ProfilerHost host(load().api, GetParam());
  const auto all = resolve(
      {}, [&](const std::string& m) { return host.knows(m); },
      [&](const std::string& m) { return host.unit(m); });
  const std::string chip = GetParam();
  const bool copies_in_bulk = chip != "GA100" && chip != "AD102";  // from 9.0 on
  for (const ResolvedMetric& one : all) {
    if (!copies_in_bulk && one.name.starts_with("warp_copy_")) continue;
    EXPECT_NE(one.metric, "") << one.name << ": " << one.reason;
  }
  std::vector<std::uint8_t> config = host.configure(found_metrics(all));
  EXPECT_GE(host.num_passes(config), 1u);
  EXPECT_LE(host.num_passes(config), 8u) << "more passes, more time per configuration";
}

TEST_P(OnChip, units_of_cupti_are_those_that_records_state) {
  const ProfilerHost host(load().api, GetParam());
  const auto all = resolve(
      {}, [&](const std::string& m) { return host.knows(m); }, kNoUnit);
  EXPECT_EQ(host.unit(named(all, "dram_read_bytes").metric), "byte");
  EXPECT_EQ(host.unit(named(all, "l2_hit_rate").metric), "percent");
  EXPECT_EQ(host.unit(named(all, "gpu_time_ns").metric), "nanosecond");
  EXPECT_EQ(host.unit(named(all, "instructions").metric), "instruction");
}

TEST_P(OnChip, a_name_nobody_knows_is_refused_and_not_guessed) {
  const ProfilerHost host(load().api, GetParam());
  EXPECT_FALSE(host.knows("kvroof__nonsense.sum"));
  EXPECT_FALSE(host.knows(""));
  EXPECT_EQ(host.unit("kvroof__nonsense.sum"), "");
}

INSTANTIATE_TEST_SUITE_P(Chips, OnChip,
                         ::testing::Values("GA100", "AD102", "GH100", "GB100", "GB202"),
                         [](const auto& chip) { return std::string(chip.param); });

TEST(Host, knows_the_chips_that_this_project_names_and_refuses_others) {
  if (!load().usable()) GTEST_SKIP() << load().reason;
  EXPECT_THAT(supported_chips(load().api), ::testing::IsSupersetOf({"GA100", "AD102", "GH100"}));
  try {
    const ProfilerHost host(load().api, "ZZ999");
    ADD_FAILURE() << "a chip that does not exist was accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("does not know the chip ZZ999"));
  }
}

}  // namespace
}  // namespace kvroof::cupti
