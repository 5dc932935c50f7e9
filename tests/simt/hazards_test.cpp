// SPDX-License-Identifier: Apache-2.0
// Each hazard pair in each order of lanes and blocks: the faulty kernel is reported, with the right
// kind and at a line marked "reported"; its twin is not, and computes the same in every order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernels/simt/simulator.hpp"
#include "tests/simt/hazards/all.cuh"

namespace kvroof::simt {
namespace {

using Kernel = void (*)(hazards::Arrays);
using enum HazardKind;

struct Variant {
  const char* name;  // of the file, without .cuh
  Kernel kernel;
  hazards::Launch launch;
};
struct Pair {
  Variant faulty, clean;
  HazardKind kind;
  HazardKind also = kind;  // may be reported besides: the same race seen from its other side
};

#define KVROOF_VARIANT(name) \
  Variant { #name, simt_backend::name::kernel, simt_backend::name::kLaunch }
#define KVROOF_PAIR(stem, suffix, ...) \
  Pair { KVROOF_VARIANT(stem##_##suffix), KVROOF_VARIANT(stem##_clean), __VA_ARGS__ }

const std::vector<Pair>& pairs() {
  static const std::vector<Pair> all = {
      KVROOF_PAIR(global_out_of_bounds, bug, kGlobalOutOfBounds),
      KVROOF_PAIR(use_after_free, bug, kUseAfterFree),
      KVROOF_PAIR(misaligned_global, bug, kMisaligned),
      KVROOF_PAIR(misaligned_async_copy, bug, kMisaligned),
      KVROOF_PAIR(uninitialised_global, bug, kUninitialisedGlobal),
      KVROOF_PAIR(blocks_write_same_word, race, kGlobalRaceBetweenBlocks),
      KVROOF_PAIR(blocks_write_same_byte, race, kGlobalRaceBetweenBlocks),
      KVROOF_PAIR(block_reads_other_block, race, kGlobalRaceBetweenBlocks),
      KVROOF_PAIR(block_ticket_without_fence, race, kGlobalRaceBetweenBlocks),
      KVROOF_PAIR(shared_out_of_bounds, bug, kSharedOutOfBounds),
      KVROOF_PAIR(uninitialised_shared, bug, kUninitialisedShared),
      KVROOF_PAIR(missing_sync_threads, race, kSharedRaceBetweenWarps),
      KVROOF_PAIR(missing_sync_before_refill, race, kSharedRaceBetweenWarps),
      KVROOF_PAIR(warps_write_same_word, race, kSharedRaceBetweenWarps),
      KVROOF_PAIR(plain_read_of_atomic, race, kSharedRaceBetweenWarps),
      KVROOF_PAIR(missing_sync_warp, race, kSharedRaceWithinWarp),
      KVROOF_PAIR(shuffle_as_fence, race, kSharedRaceWithinWarp),
      KVROOF_PAIR(lanes_share_half_word, race, kSharedRaceWithinWarp),
      KVROOF_PAIR(partial_sync_warp, race, kSharedRaceWithinWarp),
      KVROOF_PAIR(missing_async_wait, bug, kAsyncCopyNotAwaited),
      KVROOF_PAIR(warp_copy_not_awaited, bug, kAsyncCopyNotAwaited),
      KVROOF_PAIR(warp_copy_past_end, bug, kGlobalOutOfBounds),
      KVROOF_PAIR(missing_sync_after_wait, race, kSharedRaceWithinWarp),
      KVROOF_PAIR(async_wait_one_short, bug, kAsyncCopyNotAwaited),
      KVROOF_PAIR(async_refill_without_sync, race, kAsyncCopyOverwrite, kSharedRaceWithinWarp),
      KVROOF_PAIR(barrier_at_two_sites, bug, kDivergentBarrier),
      KVROOF_PAIR(exit_before_barrier, bug, kDivergentBarrier),
      KVROOF_PAIR(vote_at_two_sites, bug, kDivergentCollective),
      KVROOF_PAIR(vote_meets_shuffle, bug, kDivergentCollective),
      KVROOF_PAIR(mask_without_caller, bug, kDivergentCollective),
      KVROOF_PAIR(matrix_multiply_in_part_of_warp, bug, kDivergentCollective),
      KVROOF_PAIR(shuffle_from_inactive_lane, bug, kInactiveShuffleSource),
      KVROOF_PAIR(sparse_metadata_descends, bug, kInvalidMetadata),
      KVROOF_PAIR(vote_meets_barrier, bug, kDeadlock),
      KVROOF_PAIR(spin_on_flag, bug, kLivelock),
      KVROOF_PAIR(too_much_shared_memory, bug, kSharedOverLimit),
  };
  return all;
}

void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.faulty.name; }

struct Orders {
  const char* name;
  Order lanes, blocks;
  std::uint64_t seed;
};
constexpr Orders kOrders[] = {
    {"ascending", Order::kAscending, Order::kAscending, 0},
    {"descending", Order::kDescending, Order::kDescending, 0},
    {"rotated", Order::kRotated, Order::kRotated, 0},
    {"blocks_descending", Order::kAscending, Order::kDescending, 0},
    {"seed_1", Order::kSeeded, Order::kSeeded, 1},
    {"seed_2", Order::kSeeded, Order::kSeeded, 2},
    {"seed_3", Order::kSeeded, Order::kSeeded, 3},
};

void PrintTo(const Orders& orders, std::ostream* out) { *out << orders.name; }

struct Outcome {
  std::vector<Hazard> hazards;
  std::vector<std::uint32_t> output;
};

Outcome run(const Variant& variant, const Orders& orders, int host_threads) {
  SimulatorOptions options;
  options.host_threads = host_threads;
  options.lane_order = orders.lanes;
  options.block_order = orders.blocks;
  options.seed = orders.seed;
  options.step_budget = 50'000;
  Simulator simulator(options);
  constexpr std::size_t kWords = hazards::kWords;
  std::vector<std::uint32_t> values(kWords);
  for (std::uint32_t i = 0; i < kWords; ++i) values[i] = 3 * i + 1;
  DeviceBuffer<std::uint32_t> input(simulator, kWords, "input");
  DeviceBuffer<std::uint32_t> output(simulator, kWords, "output");
  DeviceBuffer<std::uint32_t> scratch(simulator, kWords, "scratch");
  DeviceBuffer<std::uint32_t> ticket(simulator, 1, "ticket");
  input.upload(values);
  output.fill(std::byte{0});
  ticket.fill(std::byte{0});
  const hazards::Arrays arrays{input.data(), output.data(), scratch.data(), ticket.data()};
  const hazards::Launch& launch = variant.launch;
  if (launch.release_input) input = DeviceBuffer<std::uint32_t>();
  simulator.launch({variant.name, {launch.blocks}, launch.threads, launch.shared_bytes},
                   [&] { variant.kernel(arrays); });
  output.download(values);
  return {simulator.hazards(), values};
}

/// The numbers of the lines marked "reported", or just below such a mark, in the file of a variant.
std::set<unsigned> marked_lines(const std::string& name) {
  const auto path =
      std::filesystem::path(KVROOF_SOURCE_DIR) / "tests/simt/hazards" / (name + ".cuh");
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::set<unsigned> lines;
  std::string text;
  for (unsigned line = 1; std::getline(file, text); ++line) {
    if (!text.ends_with("// reported")) continue;
    const bool is_alone = text.find_first_not_of(' ') == text.find("// reported");
    lines.insert(is_alone ? line + 1 : line);
  }
  return lines;
}

class HazardPair : public testing::TestWithParam<std::tuple<Pair, Orders, int>> {};

TEST_P(HazardPair, reports_the_faulty_kernel_at_a_marked_line) {
  const auto& [pair, orders, host_threads] = GetParam();
  const Outcome outcome = run(pair.faulty, orders, host_threads);
  const std::set<unsigned> lines = marked_lines(pair.faulty.name);
  ASSERT_FALSE(outcome.hazards.empty()) << "nothing was reported";
  EXPECT_THAT(outcome.hazards, testing::Contains(testing::Field(&Hazard::kind, pair.kind)));
  for (const Hazard& hazard : outcome.hazards) {
    EXPECT_TRUE(hazard.kind == pair.kind || hazard.kind == pair.also) << hazard.describe();
    EXPECT_EQ(hazard.kernel, pair.faulty.name);
    EXPECT_GT(hazard.count, 0);
    if (pair.kind == kSharedOverLimit) continue;  // no line of device code is to blame
    EXPECT_THAT(hazard.file, testing::EndsWith(std::string(pair.faulty.name) + ".cuh"));
    EXPECT_THAT(lines, testing::Contains(hazard.line)) << hazard.describe();
    EXPECT_GE(hazard.thread, 0);
    EXPECT_LT(hazard.thread, pair.faulty.launch.threads);
    EXPECT_LT(hazard.block.x, pair.faulty.launch.blocks);
  }
}

TEST_P(HazardPair, is_silent_on_the_clean_twin_and_computes_the_same_in_every_order) {
  const auto& [pair, orders, host_threads] = GetParam();
  const Outcome outcome = run(pair.clean, orders, host_threads);
  for (const Hazard& hazard : outcome.hazards) ADD_FAILURE() << hazard.describe();
  EXPECT_EQ(outcome.output, run(pair.clean, kOrders[0], 1).output);
}

INSTANTIATE_TEST_SUITE_P(all, HazardPair,
                         testing::Combine(testing::ValuesIn(pairs()), testing::ValuesIn(kOrders),
                                          testing::Values(1, 2)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).faulty.name) + "_" +
                                  std::get<1>(test.param).name + "_" +
                                  std::to_string(std::get<2>(test.param));
                         });

TEST(HazardReport, names_kernel_place_block_thread_count_and_what_to_do) {
  const Variant variant = KVROOF_VARIANT(missing_sync_threads_race);
  const Outcome outcome = run(variant, kOrders[0], 1);
  ASSERT_FALSE(outcome.hazards.empty());
  EXPECT_THAT(
      outcome.hazards.front().describe(),
      testing::MatchesRegex("race between warps in missing_sync_threads_race at "
                            ".*missing_sync_threads_race.cuh:[0-9]+, block \\(0, 0, 0\\) "
                            "thread [0-9]+: .* shared bytes .*(wrote|reads) them at .*cuh:[0-9]+ "
                            "\\(seen [0-9]+ times\\). To do: put sync_threads.*"));
}

TEST(HazardReport, has_words_for_every_kind) {
  std::map<std::string_view, HazardKind> names;
  for (int kind = 0; kind <= static_cast<int>(kSharedOverLimit); ++kind) {
    const auto hazard = static_cast<HazardKind>(kind);
    EXPECT_TRUE(names.emplace(to_string(hazard), hazard).second) << to_string(hazard);
    EXPECT_FALSE(advice(hazard).empty());
  }
}

TEST(HazardReport, covers_every_kind_by_a_pair) {
  std::set<HazardKind> seen;
  for (const Pair& pair : pairs()) seen.insert(pair.kind);
  EXPECT_EQ(static_cast<int>(seen.size()), static_cast<int>(kSharedOverLimit) + 1);
}

}  // namespace
}  // namespace kvroof::simt
