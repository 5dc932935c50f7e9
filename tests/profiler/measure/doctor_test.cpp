// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace kvroof::measure {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

MachineFacts healthy() {
  return {.built_with_cuda = true,
          .device = "NVIDIA H200",
          .num_devices = 1,
          .driver_cuda = 13000,
          .runtime_cuda = 13000,
          .driver_version = "580.159.04",
          .memory_bytes = 100,
          .free_memory_bytes = 90,
          .sm_clock_mhz = 345,
          .max_sm_clock_mhz = 1980,
          .throttle_reasons = "none",
          .persistence = true,
          .ecc = true,
          .mig = false,
          .temperature_c = 38,
          .cupti_version = "130001"};
}

Finding find(const MachineFacts& facts, const std::string& subject) {
  const std::vector<Finding> findings = diagnose(facts);
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [&](const Finding& one) { return one.subject == subject; });
  return found == findings.end() ? Finding{"", Verdict::good, "not there", ""} : *found;
}

TEST(Doctor, finds_nothing_to_mend_on_a_healthy_machine) {
  for (const Finding& finding : diagnose(healthy())) {
    EXPECT_EQ(finding.verdict, Verdict::good) << finding.subject;
    EXPECT_EQ(finding.remedy, "") << finding.subject;
  }
  EXPECT_EQ(diagnose(healthy()).size(), 7u);
}

TEST(Doctor, everything_that_is_not_good_says_what_to_do) {
  MachineFacts facts = healthy();
  facts.runtime_cuda = 14000;
  facts.activity_reason = "another profiler";
  facts.counters_reason = "no permission";
  facts.throttle_reasons = "power cap";
  facts.mig = true;
  int bad = 0;
  for (const Finding& finding : diagnose(facts)) {
    if (finding.verdict == Verdict::good) continue;
    ++bad;
    EXPECT_NE(finding.remedy, "") << finding.subject;
  }
  EXPECT_EQ(bad, 5);
}

TEST(Doctor, without_a_driver_says_so_and_judges_nothing_that_needs_it) {
  MachineFacts facts{.built_with_cuda = true, .no_device_reason = "no NVIDIA driver"};
  const std::vector<Finding> findings = diagnose(facts);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[1].verdict, Verdict::broken);
  EXPECT_EQ(findings[1].what, "no NVIDIA driver");
}

TEST(Doctor, a_build_without_cuda_is_told_how_to_get_one) {
  const std::vector<Finding> findings = diagnose({});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].remedy, HasSubstr("KVROOF_CUDA"));
}

TEST(Doctor, missing_permission_names_the_driver_option) {
  MachineFacts facts = healthy();
  facts.counters_reason = "CUPTI_ERROR_INSUFFICIENT_PRIVILEGES";
  facts.counters_remedy = "load the driver with NVreg_RestrictProfilingToAdminUsers=0";
  EXPECT_EQ(find(facts, "permissions").verdict, Verdict::broken);
  EXPECT_EQ(find(facts, "permissions").remedy,
            "Load the driver with NVreg_RestrictProfilingToAdminUsers=0.");
}

TEST(Doctor, a_cause_that_is_no_permission_is_not_mended_by_root) {
  MachineFacts facts = healthy();
  facts.counters_reason = "starting a pass: CUPTI_ERROR_HARDWARE_BUSY (26)";
  facts.counters_remedy = "another profiler counts: end it";
  EXPECT_EQ(find(facts, "permissions").remedy, "Another profiler counts: end it.");
  facts.counters_reason = "decoding the counters: CUPTI_ERROR_UNKNOWN (999)";
  facts.counters_remedy = "";
  EXPECT_THAT(find(facts, "permissions").remedy, HasSubstr("names no cause"));
  EXPECT_THAT(find(facts, "permissions").remedy, Not(HasSubstr("root")));
}

TEST(Doctor, without_a_device_the_remedy_goes_by_what_there_is) {
  MachineFacts facts{.built_with_cuda = true, .no_device_reason = "none", .runtime_cuda = 13000};
  EXPECT_THAT(find(facts, "driver").remedy, HasSubstr("Install NVIDIA's driver"));
  facts.driver_cuda = 12080;
  EXPECT_THAT(find(facts, "driver").remedy, HasSubstr("at least as new as the runtime"));
  facts.driver_cuda = 13000;
  EXPECT_THAT(find(facts, "driver").remedy, HasSubstr("CUDA_VISIBLE_DEVICES"));
  facts.num_devices = 2;  // the one asked for is a third, or too old
  EXPECT_THAT(find(facts, "driver").remedy, HasSubstr("--device"));
}

TEST(Doctor, a_device_on_which_cuda_fails_is_not_told_to_install_a_driver) {
  MachineFacts facts = healthy();
  facts.failure = "no room for 1 bytes";
  EXPECT_EQ(find(facts, "device").what, "no room for 1 bytes");
  EXPECT_EQ(find(facts, "driver").verdict, Verdict::good);
  EXPECT_EQ(find(facts, "memory").what, "not there") << "nobody asked any more";
}

TEST(Doctor, without_cupti_says_nothing_about_permissions) {
  MachineFacts facts = healthy();
  facts.cupti_reason = "libcupti.so.13 is not here";
  EXPECT_EQ(find(facts, "CUPTI").verdict, Verdict::broken);
  EXPECT_EQ(find(facts, "permissions").what, "not there");
}

TEST(Doctor, clocks_that_cannot_be_read_are_no_reason_not_to_measure) {
  MachineFacts facts = healthy();
  facts.nvml_reason = "libnvidia-ml.so.1 is not here";
  EXPECT_EQ(find(facts, "clocks").verdict, Verdict::note);
}

TEST(Doctor, a_gpu_whose_memory_others_hold_is_pointed_out) {
  MachineFacts facts = healthy();
  facts.free_memory_bytes = 49;
  EXPECT_EQ(find(facts, "memory").verdict, Verdict::note);
  facts.free_memory_bytes = 51;
  EXPECT_EQ(find(facts, "memory").verdict, Verdict::good);
}

}  // namespace
}  // namespace kvroof::measure
