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
using ::testing::Not;
using ::testing::SizeIs;

const std::function<std::string(const std::string&)> kNoUnit = [](const std::string&) {
  return "";
};

Refusal refusal_of(const ProfilerHost& host) {
  return [&](const std::string& metric, const std::vector<std::string>& beside) {
    return host.refusal(metric, beside);
  };
}

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
      {},
      [](const std::string& m, const auto&) { return m == "dram__bytes_op_read.sum" ? "" : "no"; },
      kNoUnit);
  EXPECT_EQ(named(second, "dram_read_bytes").metric, "dram__bytes_op_read.sum");
  const auto both = resolve(
      {}, [](const std::string&, const auto&) { return ""; }, kNoUnit);
  EXPECT_EQ(named(both, "dram_read_bytes").metric, "dram__bytes_read.sum");
}

TEST(Metrics, a_chip_without_any_candidate_says_which_it_lacks) {
  const auto none = resolve(
      {}, [](const std::string&, const auto&) { return "no"; }, kNoUnit);
  EXPECT_THAT(found_metrics(none), SizeIs(0));
  EXPECT_EQ(named(none, "dram_read_bytes").reason,
            "this chip has no dram__bytes_read.sum, no dram__bytes_op_read.sum");
}

TEST(Metrics, extra_metrics_keep_their_names_and_get_cuptis_unit) {
  const std::vector<std::string> extra = {"known.sum", "unknown.sum"};
  const auto all = resolve(
      extra,
      [](const std::string& m, const auto&) {
        return m == "known.sum" ? "" : "no metric of that name";
      },
      [](const std::string& m) { return m == "known.sum" ? "warp" : ""; });
  EXPECT_EQ(named(all, "known.sum").unit, "warp");
  EXPECT_EQ(named(all, "unknown.sum").unit, "1");
  EXPECT_THAT(named(all, "unknown.sum").reason, HasSubstr("no metric of that name"));
}

TEST(Metrics, none_is_a_share_or_a_rate_of_the_range_which_lasts_longer_than_the_kernel) {
  for (const MetricRow& row : metric_rows()) {
    for (const std::string_view metric : row.candidates) {
      for (const char* part : {"elapsed", "per_second", "time_duration"})
        EXPECT_THAT(std::string(metric), Not(HasSubstr(part))) << row.name;
    }
  }
}

class OnChip : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!load().usable()) GTEST_SKIP() << load().reason;
  }
};

TEST_P(OnChip, every_counter_has_a_metric_and_all_fit_a_few_passes) {
  ProfilerHost host(load().api, GetParam());
  const auto all =
      resolve({}, refusal_of(host), [&](const std::string& m) { return host.unit(m); });
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
  const auto all = resolve({}, refusal_of(host), kNoUnit);
  EXPECT_EQ(host.unit(named(all, "dram_read_bytes").metric), "byte");
  EXPECT_EQ(host.unit(named(all, "l2_hit_rate").metric), "percent");
  EXPECT_EQ(host.unit(named(all, "issue_utilisation").metric), "percent");
  EXPECT_EQ(host.unit(named(all, "sm_active_cycles").metric), "gpc_cycle");
  EXPECT_EQ(host.unit(named(all, "instructions").metric), "instruction");
}

TEST_P(OnChip, a_name_nobody_knows_is_refused_and_not_guessed) {
  const ProfilerHost host(load().api, GetParam());
  EXPECT_THAT(host.refusal("kvroof__nonsense.sum"), HasSubstr("no metric of that name"));
  EXPECT_THAT(host.refusal(""), HasSubstr("no metric of that name"));
  EXPECT_EQ(host.unit("kvroof__nonsense.sum"), "");
}

/// What CUPTI describes on GH100 and then refuses to schedule: without a rollup, or beside the
/// counters of the SMs.
const std::vector<std::string> kDescribedOnly = {"dram__bytes_read", "lts__t_sector_hit_rate",
                                                 "nvlrx__bytes.sum", "pcie__read_bytes.sum"};

TEST(Host, what_cupti_describes_and_cannot_count_is_null_and_costs_no_other_counter) {
  if (!load().usable()) GTEST_SKIP() << load().reason;
  ProfilerHost host(load().api, "GH100");
  std::vector<std::string> extra = kDescribedOnly;
  extra.insert(extra.end(), {"kvroof__nonsense.sum", "smsp__inst_executed_op_branch.sum"});
  const auto all =
      resolve(extra, refusal_of(host), [&](const std::string& m) { return host.unit(m); });
  for (const std::string& metric : kDescribedOnly) {
    EXPECT_EQ(named(all, metric).metric, "") << metric;
    EXPECT_THAT(named(all, metric).reason, HasSubstr("CUPTI knows it and does not count it"));
  }
  EXPECT_EQ(host.refusal("pcie__read_bytes.sum"), "") << "by itself";
  EXPECT_THAT(named(all, "kvroof__nonsense.sum").reason, HasSubstr("no metric of that name"));
  EXPECT_EQ(named(all, "smsp__inst_executed_op_branch.sum").reason, "");
  for (const MetricRow& row : metric_rows())
    EXPECT_EQ(named(all, std::string(row.name)).reason, "");
  std::vector<std::uint8_t> config = host.configure(found_metrics(all));
  EXPECT_GE(host.num_passes(config), 1u);
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
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("does not know the chip ZZ999"));
    EXPECT_THAT(std::string(remedy_of(error.result())), HasSubstr("newer CUDA toolkit"));
  }
}

}  // namespace
}  // namespace kvroof::cupti
