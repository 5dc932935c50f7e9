// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/sample_decode.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "kernels/simt/simulator.hpp"
#include "profiler/validate/device_run.hpp"
#include "profiler/validate/validate.hpp"

namespace kvroof::model {
namespace {

struct Shape {
  int batch, query_heads, kv_heads;
  std::vector<std::int32_t> kv_lengths;
  int kept_keys, kept_values;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  return out << fmt::format("{} x {}/{} x [{}] kept {}/{}", shape.batch, shape.query_heads,
                            shape.kv_heads, fmt::join(shape.kv_lengths, ","), shape.kept_keys,
                            shape.kept_values);
}

DecodeCase decode_case(const Shape& shape) {
  return {
      .problem = {.batch = shape.batch,
                  .query_heads = shape.query_heads,
                  .kv_heads = shape.kv_heads,
                  .head_dim = 128,
                  .softmax_scale = 0.1f,
                  .max_kv_len = *std::max_element(shape.kv_lengths.begin(), shape.kv_lengths.end()),
                  .keys = {nullptr, shape.kept_keys},
                  .values = {nullptr, shape.kept_values},
                  .window = 32},
      .kv_lengths = shape.kv_lengths};
}

struct Field {
  const char* name;
  double Demand::*member;
};
constexpr Field kFields[] = {{"alu", &Demand::alu},
                             {"fma", &Demand::fma},
                             {"xu", &Demand::xu},
                             {"lsu", &Demand::lsu},
                             {"mma", &Demand::mma},
                             {"mma_flops", &Demand::mma_flops},
                             {"shared_wavefronts", &Demand::shared_wavefronts},
                             {"l2_bytes", &Demand::l2_bytes}};

/// Largest relative difference over the fields, which it also records for the report.
double largest_error(const Demand& is, const Demand& should_be) {
  double largest = 0.0;
  for (const Field& field : kFields) {
    EXPECT_GT(should_be.*field.member, 0.0) << field.name;
    largest = std::max(largest, std::abs(is.*field.member / (should_be.*field.member) - 1.0));
  }
  return largest;
}

class sample : public testing::TestWithParam<Shape> {};

TEST_P(sample, of_eight_blocks_is_within_eight_percent_of_all_blocks) {
  const DecodeCase one = decode_case(GetParam());
  const attention::DecodePlan plan = attention::make_plan(one.problem, h200_device_info());
  ASSERT_GT(plan.blocks, 16) << "a sample of this shape would be most of it";
  const DecodeSample all = sample_decode(one, plan, h200_device_info(), {.blocks = 0});
  const DecodeSample some = sample_decode(one, plan, h200_device_info(), {.blocks = 8});
  EXPECT_EQ(all.blocks_simulated, plan.blocks);
  EXPECT_LE(some.blocks_simulated, 8 + 2);
  const double error = largest_error(some.demand, all.demand);
  RecordProperty("largest_error", fmt::format("{:.4f}", error));
  fmt::print("{}: sample of 8 of {} blocks, largest error {:.2f} %\n",
             testing::PrintToString(GetParam()), plan.blocks, 100.0 * error);
  EXPECT_LT(error, 0.08);
}

INSTANTIATE_TEST_SUITE_P(
    shapes, sample,
    testing::Values(Shape{1, 32, 8, {4096}, 64, 64}, Shape{1, 32, 8, {4096}, 40, 40},
                    Shape{1, 8, 8, {8000}, 64, 64}, Shape{2, 8, 2, {9000, 9000}, 64, 40},
                    Shape{3, 16, 4, {8192, 700, 3000}, 64, 64}, Shape{1, 8, 1, {12345}, 30, 90},
                    Shape{16, 8, 2, std::vector<std::int32_t>(16, 1500), 64, 64}));

TEST(sample_of_blocks, with_random_masks_counts_like_pruned_synthetic_data) {
  const Shape shape{1, 8, 2, {4096}, 64, 64};
  const DecodeCase one = decode_case(shape);
  const attention::DecodePlan plan = attention::make_plan(one.problem, h200_device_info());
  DecodeCase with_log_sums = one;  // validation writes them
  float somewhere = 0.0f;
  with_log_sums.problem.log_sum_exps = &somewhere;
  const DecodeSample random = sample_decode(with_log_sums, plan, h200_device_info(), {.blocks = 0});

  validate::Case real;  // 4096 tokens, kept 64
  real.query_heads = 8;
  real.kv_heads = 2;
  simt::Simulator device({.checks = false});
  const inputs::KvTensors tensors = validate::load_inputs(real);
  const validate::DeviceResult result = validate::run_on_device(real, tensors, device);
  ASSERT_EQ(result.plan, attention::describe(plan));
  const Demand pruned = demand_of(device.launches().back().counters);
  EXPECT_EQ(random.demand.mma, pruned.mma);
  EXPECT_LT(largest_error(random.demand, pruned), 0.05);
}

TEST(sample_of_blocks, is_the_same_every_time_and_on_any_number_of_host_threads) {
  const DecodeCase one = decode_case({1, 8, 2, {5000}, 64, 64});
  const attention::DecodePlan plan = attention::make_plan(one.problem, h200_device_info());
  const auto run = [&](int host_threads) {
    return sample_decode(one, plan, h200_device_info(),
                         {.blocks = 3, .seed = 5, .host_threads = host_threads})
        .demand;
  };
  const Demand first = run(1);
  for (const int threads : {1, 2}) EXPECT_EQ(largest_error(run(threads), first), 0.0);
}

TEST(sample_of_blocks, takes_lengths_of_zero_and_a_plan_with_one_block) {
  const DecodeCase one = decode_case({3, 4, 2, {0, 65, 0}, 1, 128});
  attention::DecodePlan plan = attention::make_plan(one.problem, h200_device_info(), 1);
  const DecodeSample sample = sample_decode(one, plan, h200_device_info(), {.blocks = 4});
  EXPECT_EQ(sample.blocks_simulated, 1);
  EXPECT_EQ(sample.rows_merged, 0);
  EXPECT_GT(sample.demand.instructions(), 0.0);
}

TEST(sample_of_blocks, refuses_what_makes_no_sense) {
  DecodeCase one = decode_case({1, 8, 2, {500}, 64, 64});
  const attention::DecodePlan plan = attention::make_plan(one.problem, h200_device_info());
  EXPECT_THROW(sample_decode(one, plan, h200_device_info(), {.blocks = -1}), std::invalid_argument);
  one.kv_lengths = {500, 500};
  EXPECT_THROW(sample_decode(one, plan, h200_device_info()), std::invalid_argument);
}

TEST(decode_schedule, is_that_of_the_kernel) {
  // 8 rows of 15 chunks and one window unit, 16 blocks of 8 warps: a unit for every warp.
  const DecodeCase one = decode_case({1, 32, 8, {1024}, 64, 64});
  const attention::DecodePlan plan = attention::make_plan(one.problem, h200_device_info());
  ASSERT_EQ(plan.blocks, 16);
  ASSERT_EQ(plan.warps, 8);
  const DecodeSchedule schedule = decode_schedule(one, plan);
  EXPECT_EQ(schedule.units, 128);
  EXPECT_EQ(schedule.most_warp_units, 1);
  EXPECT_EQ(schedule.most_block_units, 8);
  EXPECT_EQ(schedule.shared_rows, 8);
  EXPECT_EQ(schedule.most_row_blocks, 2);
  EXPECT_EQ(schedule.most_row_workers, 16);
  EXPECT_EQ(schedule.most_window_tokens, 64);
  const DecodeSample sample = sample_decode(one, plan, h200_device_info());
  const Work work = decode_work(one, plan, sample, 168);
  EXPECT_EQ(work.chain.dram_trips, 1 + 4);        // lengths, then the window's four tiles
  EXPECT_EQ(work.chain.l2_trips, 2 + 2 * 1 + 2);  // fence and ticket, log-sums twice, 2 x 8 parts
  EXPECT_EQ(work.block_imbalance, 1.0);
}

}  // namespace
}  // namespace kvroof::model
