// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvroof::attention {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

DecodeProblem llama3(int batch, int kv_len) {
  DecodeProblem problem;
  problem.batch = batch;
  problem.query_heads = 32;
  problem.kv_heads = 8;
  problem.head_dim = 128;
  problem.max_kv_len = kv_len;
  problem.window = 32;
  return problem;
}

TEST(Plan, covers_every_chunk_of_the_longest_sequence) {
  for (const int kv_len : {0, 1, 32, 95, 96, 97, 1000, 4096, 32768, 131072}) {
    for (const int batch : {1, 3, 64}) {
      const DecodeProblem problem = llama3(batch, kv_len);
      const DecodePlan plan = make_plan(problem, h200_device_info());
      ASSERT_GE(plan.splits, 1);
      EXPECT_GE(plan.splits * plan.chunks_per_split * 64, compressed_tokens(kv_len, 32));
    }
  }
}

TEST(Plan, splits_long_contexts_of_small_batches_and_no_others) {
  EXPECT_GT(make_plan(llama3(1, 32768), h200_device_info()).splits, 8);
  EXPECT_EQ(make_plan(llama3(64, 4096), h200_device_info()).splits, 1);
  EXPECT_EQ(make_plan(llama3(1, 96), h200_device_info()).splits, 1);
}

TEST(Plan, keeps_a_fixed_number_of_splits) {
  for (const int splits : {1, 2, 7, 100}) {
    EXPECT_EQ(make_plan(llama3(2, 4096), h200_device_info(), splits).splits, splits);
  }
  EXPECT_THROW(make_plan(llama3(2, 4096), h200_device_info(), -1), std::invalid_argument);
}

TEST(Plan, says_when_the_device_has_too_little_shared_memory) {
  DeviceInfo small = h200_device_info();
  small.name = "a small GPU";
  small.shared_bytes_per_block = 48 * 1024;
  EXPECT_THAT([&] { make_plan(llama3(1, 4096), small); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("a small GPU allows 49152")));
}

TEST(CompressedTokens, leave_the_window_in_whole_chunks) {
  EXPECT_EQ(compressed_tokens(0, 32), 0);
  EXPECT_EQ(compressed_tokens(95, 32), 0);
  EXPECT_EQ(compressed_tokens(96, 32), 64);
  EXPECT_EQ(compressed_tokens(159, 32), 64);
  EXPECT_EQ(compressed_tokens(160, 32), 128);
  EXPECT_EQ(compressed_tokens(64, 0), 64);
  EXPECT_EQ(compressed_tokens(63, 0), 0);
}

TEST(Workspace, holds_an_output_and_a_log_sum_for_every_partial) {
  const DecodeProblem problem = llama3(3, 4096);
  const DecodePlan plan = make_plan(problem, h200_device_info(), 5);
  EXPECT_EQ(workspace_bytes(problem, plan), 3 * 32 * (5 + 1) * (128 + 1) * 4);
}

}  // namespace
}  // namespace kvroof::attention
