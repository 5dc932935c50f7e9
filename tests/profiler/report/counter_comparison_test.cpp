// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/counter_comparison.hpp"

#include <gtest/gtest.h>

#include <algorithm>

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

DeviceRecord of_kernel(DeviceRecord one, const char* kernel, double sparsity) {
  one.kernel.name = kernel;
  one.problem.keys.requested_sparsity = sparsity;
  return one;
}

TEST(CounterShares, puts_lengths_in_a_cell_and_kernels_side_by_side) {
  const std::vector<DeviceRecord> sim = {
      record(traces::Backend::sim, 200, {{"mma", 50}}),
      record(traces::Backend::sim, 100, {{"mma", 99}}),
      of_kernel(record(traces::Backend::sim, 200, {{"mma", 7}}), "dense", 0)};
  std::vector<DeviceRecord> gpu = sim;
  for (DeviceRecord& one : gpu) {
    one.backend = traces::Backend::cuda;
    (*one.counters)["mma"].value = 100;
  }
  const std::vector<Table> tables = counter_shares(sim, gpu);
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].caption, "Simulated in percent of measured: 1 x 100 / 200 tokens, 8/2 heads");
  ASSERT_EQ(tables[0].columns.size(), 3u);
  EXPECT_EQ(tables[0].columns[1].title, "decode");
  EXPECT_EQ(tables[0].columns[2].title, "dense");
  const auto mma = std::find_if(tables[0].rows.begin(), tables[0].rows.end(), [](const auto& row) {
    return row[0] == Value(std::string("mma instructions"));
  });
  ASSERT_NE(mma, tables[0].rows.end());
  EXPECT_EQ((*mma)[1], Value(std::string("99 / 50")));
  EXPECT_EQ((*mma)[2], Value(std::string("- / 7")));
}

TEST(CounterShares, sparsities_of_a_kernel_are_columns_and_batches_are_tables) {
  std::vector<DeviceRecord> sim, gpu;
  for (const double sparsity : {0.5, 0.7}) {
    for (const int batch : {1, 2}) {
      DeviceRecord one =
          of_kernel(record(traces::Backend::sim, 100, {{"mma", 1}}), "decode", sparsity);
      one.problem.batch = batch;
      sim.push_back(one);
      one.backend = traces::Backend::cuda;
      gpu.push_back(one);
    }
  }
  const std::vector<Table> tables = counter_shares(sim, gpu);
  ASSERT_EQ(tables.size(), 2u);
  ASSERT_EQ(tables[0].columns.size(), 3u);
  EXPECT_EQ(tables[0].columns[1].title, "decode, 0.5");
  EXPECT_EQ(tables[0].columns[2].title, "decode, 0.7");
}

}  // namespace
}  // namespace kvroof::report
