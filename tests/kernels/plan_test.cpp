// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "kernels/attention/schedule.hpp"

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
  problem.keys.kept = 64;
  problem.values.kept = 64;
  return problem;
}

/// Shapes of deals: few and many units, primes, powers of two and their neighbours.
constexpr int kUnitCounts[] = {1, 2, 3, 7, 12, 13, 63, 64, 65, 127, 500, 1584, 1585, 4099};
constexpr int kWorkerCounts[] = {1, 2, 3, 5, 12, 24, 31, 32, 33, 132, 480, 1320, 1584};

TEST(Deal, gives_every_unit_exactly_one_owner) {
  for (const int units : kUnitCounts) {
    for (const int workers : kWorkerCounts) {
      const Deal deal{units, workers};
      ASSERT_EQ(deal.first(0), 0);
      ASSERT_EQ(deal.first(workers), units);
      for (int worker = 0; worker < workers; ++worker) {
        ASSERT_LE(deal.first(worker), deal.first(worker + 1));
        for (int unit = deal.first(worker); unit < deal.first(worker + 1); ++unit)
          ASSERT_EQ(deal.owner(unit), worker) << units << " units, " << workers << " workers";
      }
    }
  }
}

TEST(Deal, makes_stretches_that_differ_by_at_most_one_unit) {
  for (const int units : kUnitCounts) {
    for (const int workers : kWorkerCounts) {
      const Deal deal{units, workers};
      for (int worker = 0; worker < workers; ++worker) {
        const int length = deal.first(worker + 1) - deal.first(worker);
        ASSERT_GE(length, units / workers);
        ASSERT_LE(length, units / workers + (units % workers != 0 ? 1 : 0));
      }
    }
  }
}

TEST(Deal, does_not_overflow_at_the_largest_number_of_units) {
  const Deal deal{(std::int64_t{1} << 31) - 1, 132 * 12};
  EXPECT_EQ(deal.first(deal.workers), deal.units);
  EXPECT_EQ(deal.owner(deal.units - 1), deal.workers - 1);
  EXPECT_EQ(deal.owner(0), 0);
  for (const int worker : {1, 700, 1583}) EXPECT_EQ(deal.owner(deal.first(worker)), worker);
}

TEST(Deal, counts_the_blocks_that_have_a_unit_of_a_stretch) {
  for (const int units : {1, 2, 7, 13, 64, 127}) {
    for (const int blocks : {1, 2, 3, 7, 40, 132}) {
      for (const int warps : {1, 2, 11, 12}) {
        const Deal deal{units, std::int64_t{blocks} * warps};
        for (int first = 0; first < units; ++first) {
          std::set<int> owners;
          for (int end = first + 1; end <= units; ++end) {
            owners.insert(deal.owner(end - 1) / warps);
            ASSERT_EQ(blocks_with_units(deal, warps, first, end), static_cast<int>(owners.size()))
                << units << " units, " << blocks << " x " << warps << ", [" << first << ", " << end
                << ")";
          }
        }
      }
    }
  }
}

TEST(RowUnits, hold_the_chunks_and_then_the_window_64_tokens_at_a_time) {
  EXPECT_EQ(row_units(96, 32).chunks, 1);
  EXPECT_EQ(row_units(96, 32).window_tokens, 32);
  EXPECT_EQ(row_units(95, 32).chunks, 0);
  EXPECT_EQ(row_units(95, 32).window_units(), 2);
  EXPECT_EQ(row_units(64, 32).window_units(), 1);
  EXPECT_EQ(row_units(128, 0).total(), 2);
  EXPECT_EQ(row_units(128, 0).window_units(), 0);
  EXPECT_EQ(row_units(129, 0).total(), 3);
  EXPECT_EQ(row_units(450, 1000).total(), 8);
}

TEST(RowUnits, of_a_row_without_tokens_are_one_because_somebody_writes_its_output) {
  for (const int window : {0, 1, 32, 1000}) {
    EXPECT_EQ(row_units(0, window).chunks, 0);
    EXPECT_EQ(row_units(0, window).total(), 1);
  }
}

TEST(RowUnits, cover_every_token_once) {
  for (int window = 0; window < 200; window += 13) {
    for (int kv_len = 1; kv_len < 700; ++kv_len) {
      const RowUnits units = row_units(kv_len, window);
      ASSERT_EQ(units.chunks * 64 + units.window_tokens, kv_len);
      ASSERT_GE(units.window_tokens, std::min(window, kv_len));
      ASSERT_LE(units.window_tokens, window + 63);
      ASSERT_LT((units.window_units() - 1) * 64, std::max(units.window_tokens, 1));
    }
  }
}

/// Walks the deal as the kernel does: who meets which row.
std::vector<std::pair<int, int>> meetings(const std::vector<int>& lengths, int kv_heads, int window,
                                          int workers) {
  std::vector<int> row_of_unit;
  int row = 0;
  for (const int length : lengths) {
    for (int head = 0; head < kv_heads; ++head, ++row)
      row_of_unit.insert(row_of_unit.end(),
                         static_cast<std::size_t>(row_units(length, window).total()), row);
  }
  const Deal deal{static_cast<std::int64_t>(row_of_unit.size()), workers};
  std::vector<std::pair<int, int>> result;
  for (int worker = 0; worker < workers; ++worker) {
    for (int unit = deal.first(worker); unit < deal.first(worker + 1); ++unit) {
      const std::pair meeting{worker, row_of_unit[static_cast<std::size_t>(unit)]};
      if (result.empty() || result.back() != meeting) result.push_back(meeting);
    }
  }
  return result;
}

TEST(PartialLayout, never_gives_two_results_one_slot) {
  const std::vector<std::vector<int>> batches = {
      {4096}, {1}, {0, 0, 0}, {0, 95, 96, 400}, {700, 0, 31, 1, 0, 2000}, {64, 64, 64, 64, 64}};
  for (const auto& lengths : batches) {
    for (const int kv_heads : {1, 3, 8}) {
      for (const int blocks : {1, 2, 3, 5, 7, 40, 132}) {
        DecodeProblem problem = llama3(static_cast<int>(lengths.size()),
                                       *std::max_element(lengths.begin(), lengths.end()));
        problem.kv_heads = kv_heads;
        problem.query_heads = 3 * kv_heads;
        const DecodePlan plan = make_plan(problem, h200_device_info(), blocks);
        const PartialLayout layout(problem, plan);
        std::set<std::int64_t> slots;
        const auto take = [&](std::int64_t slot) { return slots.insert(slot).second; };
        for (const auto& [worker, row] :
             meetings(lengths, kv_heads, problem.window, plan.blocks * plan.warps)) {
          ASSERT_TRUE(take(layout.worker_slot(worker, row)))
              << "worker " << worker << ", row " << row;
        }
        for (const auto& [block, row] : meetings(lengths, kv_heads, problem.window, plan.blocks)) {
          ASSERT_TRUE(take(layout.block_slot(block, row))) << "block " << block << ", row " << row;
        }
        ASSERT_LT(*slots.rbegin(), layout.slots);
      }
    }
  }
}

TEST(PartialLayout, places_outputs_log_sums_and_counters_side_by_side_within_its_bytes) {
  for (const int blocks : {1, 5, 132}) {
    const DecodeProblem problem = llama3(3, 4096);
    const DecodePlan plan = make_plan(problem, h200_device_info(), blocks);
    const PartialLayout layout(problem, plan);
    std::vector<std::byte> memory(static_cast<std::size_t>(workspace_bytes(problem, plan)));
    auto* const begin = static_cast<void*>(memory.data());
    float* const outputs = layout.outputs(begin);
    float* const log_sums = layout.log_sums(begin);
    std::uint32_t* const counters = layout.counters(begin);
    EXPECT_EQ(log_sums - outputs, layout.slots * 4 * 128);
    EXPECT_EQ(static_cast<void*>(counters), static_cast<void*>(log_sums + layout.slots * 4));
    EXPECT_EQ(static_cast<void*>(counters + 3 * 32), static_cast<void*>(&*memory.end()));
  }
}

TEST(Plan, uses_every_sm_and_no_more_when_there_is_enough_work) {
  const DeviceInfo h200 = h200_device_info();
  EXPECT_EQ(make_plan(llama3(64, 4096), h200).blocks, h200.sm_count);
  EXPECT_EQ(make_plan(llama3(1, 131072), h200).blocks, 128) << "16 blocks for each of 8 rows";
  EXPECT_EQ(make_plan(llama3(1, 96), h200).blocks, 2) << "16 units, 8 warps a block";
  EXPECT_EQ(make_plan(llama3(1, 1), h200).blocks, 1) << "8 units, 8 warps a block";
}

TEST(Plan, keeps_a_fixed_number_of_blocks) {
  for (const int blocks : {1, 2, 7, 100, 5000})
    EXPECT_EQ(make_plan(llama3(2, 4096), h200_device_info(), blocks).blocks, blocks);
  EXPECT_THAT([] { make_plan(llama3(2, 4096), h200_device_info(), -1); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("must not be negative, got -1")));
}

TEST(Plan, stays_within_the_shared_memory_and_threads_of_a_block) {
  for (const int kept : {1, 40, 64, 96, 128}) {
    for (const std::int64_t kib : {227, 163, 99, 48}) {
      DeviceInfo device = h200_device_info();
      device.shared_bytes_per_block = kib * 1024;
      DecodeProblem problem = llama3(8, 32768);
      problem.keys.kept = kept;
      const DecodePlan plan = make_plan(problem, device);
      EXPECT_GE(plan.warps, 1);
      EXPECT_LE(plan.warps * 32, 1024);
      EXPECT_LE(plan.shared_bytes, device.shared_bytes_per_block) << describe(plan);
    }
  }
}

TEST(Plan, says_when_the_device_has_too_little_shared_memory) {
  DeviceInfo small = h200_device_info();
  small.name = "a small GPU";
  small.shared_bytes_per_block = 8 * 1024;
  EXPECT_THAT([&] { make_plan(llama3(1, 4096), small); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("a small GPU allows 8192 per block")));
}

TEST(Plan, says_when_the_work_cannot_be_numbered_with_31_bits) {
  EXPECT_THAT([] { make_plan(llama3(65535, 2000000000), h200_device_info()); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("more than a launch can number")));
}

TEST(Plan, describes_itself_in_one_line) {
  const std::string text = describe(make_plan(llama3(1, 4096), h200_device_info(), 7));
  EXPECT_THAT(text, HasSubstr("7 blocks"));
  EXPECT_THAT(text, HasSubstr("B shared"));
  EXPECT_EQ(text.find('\n'), std::string::npos);
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

}  // namespace
}  // namespace kvroof::attention
