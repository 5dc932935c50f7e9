// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/counter_comparison.hpp"

#include <gtest/gtest.h>

namespace kvroof::report {
namespace {

DeviceRecord record(traces::Backend backend, std::int64_t kv_len,
                    const std::map<std::string, double>& counters) {
  DeviceRecord one;
  one.backend = backend;
  one.kernel.name = "decode";
  one.problem = {.batch = 1, .query_heads = 8, .kv_heads = 2, .head_dim = 128, .kv_len = kv_len};
  one.counters.emplace();
  for (const auto& [name, value] : counters) (*one.counters)[name] = {value, "1", {}, ""};
  return one;
}

const std::map<std::string, double> kSimulated = {{"mma", 90},
                                                  {"shared_load_wavefronts", 10},
                                                  {"load_matrix_wavefronts", 20},
                                                  {"instructions_xu", 0}};
const std::map<std::string, double> kMeasured = {
    {"mma", 100}, {"shared_read_wavefronts", 60}, {"instructions_xu", 0}};

TEST(CounterComparison, puts_the_same_configuration_of_both_backends_in_a_row) {
  const Table table = counter_comparison({record(traces::Backend::sim, 100, kSimulated)},
                                         {record(traces::Backend::cuda, 100, kMeasured)});
  ASSERT_EQ(table.rows.size(), 2u) << "zero on both sides is left out";
  EXPECT_EQ(table.rows[0][2], Value(std::string("shared wavefronts read")));
  EXPECT_EQ(table.rows[0][3], Value(30.0)) << "loads and ldmatrix together, as the hardware counts";
  EXPECT_EQ(table.rows[0][5], Value(0.5));
  EXPECT_EQ(table.rows[1][2], Value(std::string("mma instructions")));
  EXPECT_EQ(table.rows[1][5], Value(0.9));
}

TEST(CounterComparison, other_configurations_and_the_wrong_backend_do_not_meet) {
  const auto sim = record(traces::Backend::sim, 100, kSimulated);
  EXPECT_TRUE(
      counter_comparison({sim}, {record(traces::Backend::cuda, 101, kMeasured)}).rows.empty());
  EXPECT_TRUE(counter_comparison({sim}, {sim}).rows.empty());
  EXPECT_TRUE(counter_comparison({record(traces::Backend::cuda, 100, kMeasured)},
                                 {record(traces::Backend::cuda, 100, kMeasured)})
                  .rows.empty());
}

TEST(CounterComparison, what_only_the_simulator_saw_has_no_ratio) {
  const Table table = counter_comparison({record(traces::Backend::sim, 100, {{"mma", 5}})},
                                         {record(traces::Backend::cuda, 100, {{"mma", 0}})});
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Missing>(table.rows[0][5]));
}

TEST(CounterComparison, a_record_without_counters_is_passed_over) {
  auto uncounted = record(traces::Backend::cuda, 100, {});
  uncounted.counters.reset();
  EXPECT_TRUE(counter_comparison({record(traces::Backend::sim, 100, kSimulated)}, {uncounted})
                  .rows.empty());
}

}  // namespace
}  // namespace kvroof::report
