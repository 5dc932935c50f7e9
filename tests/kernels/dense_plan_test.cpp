// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "kernels/baselines/dense/plan.hpp"

namespace kvroof::dense {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

DenseProblem shape(int batch, int kv_len, int query_heads = 32, int head_dim = 128) {
  DenseProblem problem;
  problem.batch = batch;
  problem.query_heads = query_heads;
  problem.kv_heads = 8;
  problem.head_dim = head_dim;
  problem.max_kv_len = problem.key_capacity = problem.value_capacity = kv_len;
  problem.reduced_capacity = kv_len;
  return problem;
}

TEST(DensePlan, gives_every_block_one_row_or_whole_rows_where_that_costs_few_SMs) {
  const DeviceInfo h200 = h200_device_info();
  EXPECT_EQ(make_plan(shape(8, 32768), h200).blocks, 128) << "64 rows, two blocks each";
  EXPECT_EQ(make_plan(shape(64, 4096), h200).blocks, 128) << "512 rows, four a block";
  EXPECT_EQ(make_plan(shape(1, 32768), h200).blocks, 128) << "8 rows, 16 blocks each";
  EXPECT_EQ(make_plan(shape(9, 32768), h200).blocks, 132) << "72 rows would leave 60 SMs idle";
  EXPECT_EQ(make_plan(shape(1, 16), h200).blocks, 1) << "8 units, one for each of 8 warps";
  EXPECT_EQ(make_plan(shape(2, 4096), h200, 7).blocks, 7) << "a fixed number stays";
}

TEST(DensePlan, stays_within_the_shared_memory_of_a_block_or_says_so) {
  for (const int head_dim : {64, 128, 256}) {
    for (const int query_heads : {8, 128}) {
      for (const std::int64_t kib : {227, 163, 99}) {
        DeviceInfo device = h200_device_info();
        device.shared_bytes_per_block = kib * 1024;
        const DensePlan plan = make_plan(shape(8, 4096, query_heads, head_dim), device);
        EXPECT_GE(plan.warps, 1);
        EXPECT_LE(plan.shared_bytes, device.shared_bytes_per_block) << describe(plan);
      }
    }
  }
  DeviceInfo small = h200_device_info();
  small.shared_bytes_per_block = 8 * 1024;
  EXPECT_THAT([&] { make_plan(shape(1, 64), small); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("allows 8192 per block")));
  EXPECT_THAT([] { make_plan(shape(65535, 2000000000), h200_device_info()); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("more than a launch can number")));
}

TEST(DenseUnits, cut_reduced_and_full_tokens_apart_and_leave_no_row_without) {
  DenseProblem problem = shape(1, 100);
  EXPECT_EQ(unit_count(problem, 0), 1);
  EXPECT_EQ(unit_count(problem, 16), 1);
  EXPECT_EQ(unit_count(problem, 17), 2);
  problem.window = 20;
  for (ReducedRows* reduced : {&problem.reduced_keys, &problem.reduced_values}) {
    *reduced = {.channels = 64};
    EXPECT_EQ(row_units(problem, 83).reduced, 0) << "63 tokens wait for one more";
    EXPECT_EQ(row_units(problem, 84).reduced, 4) << "64 tokens";
    EXPECT_EQ(row_units(problem, 84).full, 2) << "20 tokens";
    *reduced = {};
  }
}

TEST(DenseProblem, is_refused_with_a_sentence) {
  alignas(16) static std::byte memory[16];
  const auto refused = [&](const char* sentence, auto&& spoil) {
    DenseProblem problem = shape(1, 100);
    problem.queries = problem.keys = problem.values = memory;
    problem.outputs = problem.workspace = memory;
    problem.kv_lengths = reinterpret_cast<const std::int32_t*>(memory);
    problem.softmax_scale = 1.0f;
    EXPECT_NO_THROW(validate(problem));
    spoil(problem);
    EXPECT_THAT([&] { validate(problem); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(sentence)));
  };
  using P = DenseProblem;
  refused("batch must be positive, got 0", [](P& p) { p.batch = 0; });
  refused("multiple of kv_heads (3)", [](P& p) { p.kv_heads = 3; });
  refused("at most 16 query heads may share a kv head, got 17", [](P& p) { p.query_heads = 136; });
  refused("head_dim must be 64, 128 or 256", [](P& p) { p.head_dim = 96; });
  refused("100 tokens with full keys need as many rows, got 99", [](P& p) { p.key_capacity = 99; });
  refused("100 tokens with full values need as many rows, got 99",
          [](P& p) { p.value_capacity = 99; });
  const auto reduce = [&](ReducedRows& rows) {
    rows = {memory, reinterpret_cast<const std::int32_t*>(memory), 64};
  };
  refused("73 tokens with full keys need as many rows, got 72", [&](P& p) {
    reduce(p.reduced_keys);
    p.window = 10;
    p.key_capacity = 72;
  });
  refused("64 reduced tokens need as many rows, got 63", [&](P& p) {
    reduce(p.reduced_values);
    p.reduced_capacity = 63;
  });
  refused("window must not be negative, got -1", [](P& p) { p.window = -1; });
  refused("max_kv_len must not be negative", [](P& p) { p.max_kv_len = -1; });
  refused("softmax_scale must be a finite number",
          [](P& p) { p.softmax_scale = std::numeric_limits<float>::infinity(); });
  refused("keys must not be null", [](P& p) { p.keys = nullptr; });
  refused("values must be aligned to 16 bytes", [](P& p) { p.values = memory + 2; });
  refused("reduced keys must have 0 to 128 channels, a multiple of 8, got 12",
          [](P& p) { p.reduced_keys.channels = 12; });
  refused("reduced values must have 0 to 128 channels, a multiple of 8, got 136",
          [](P& p) { p.reduced_values.channels = 136; });
  refused("reduced rows must not be null", [](P& p) { p.reduced_values.channels = 64; });
  refused("channel_index must not be null", [&](P& p) { p.reduced_keys = {memory, nullptr, 64}; });
}

}  // namespace
}  // namespace kvroof::dense
