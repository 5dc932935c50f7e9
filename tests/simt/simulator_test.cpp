// SPDX-License-Identifier: Apache-2.0
// The simulated device as a whole: memory, launches, limits, determinism.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <tuple>

#include "tests/simt/run_kernel.hpp"

namespace kvroof::simt {
namespace {

using namespace simt_backend;  // NOLINT: the vocabulary under test

template <class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(DeviceMemory, reserves_gigabytes_without_touching_them) {
  Simulator simulator({.host_threads = 1});
  DeviceBuffer<std::uint8_t> big(simulator, std::size_t{60} << 30, "big");
  std::uint8_t* const middle = big.data() + (std::size_t{30} << 30);
  simulator.launch({"touch", {1}, 32, 0},
                   [&] { store_global_u8(middle + thread_index(), thread_index()); });
  std::uint8_t value = 0;
  simulator.copy_to_host(&value, middle + 31, 1);
  EXPECT_EQ(value, 31);
  EXPECT_THAT(simulator.hazards(), testing::IsEmpty());
}

TEST(DeviceMemory, says_when_the_device_is_full) {
  Simulator simulator;
  const auto limit = static_cast<std::size_t>(simulator.info().memory_bytes);
  DeviceBuffer<std::uint8_t> most(simulator, limit - 100, "most");
  EXPECT_THAT(message_of([&] { simulator.allocate(101, "one too many"); }),
              testing::HasSubstr("no room for 101 bytes of 'one too many'"));
  EXPECT_THROW(simulator.allocate(~std::size_t{0}, "nonsense"), std::runtime_error);
  most = DeviceBuffer<std::uint8_t>();
  EXPECT_NO_THROW(simulator.release(simulator.allocate(101, "fits now")));
}

TEST(DeviceMemory, takes_empty_allocations_and_copies) {
  Simulator simulator;
  DeviceBuffer<int> empty(simulator, 0, "empty");
  EXPECT_NO_THROW(empty.fill(std::byte{0}));
  EXPECT_NO_THROW(simulator.copy_to_host(nullptr, nullptr, 0));
}

TEST(DeviceMemory, refuses_host_copies_that_leave_an_allocation) {
  Simulator simulator;
  DeviceBuffer<std::uint8_t> buffer(simulator, 100, "hundred");
  std::uint8_t host[8] = {};
  EXPECT_THAT(message_of([&] { simulator.copy_to_device(buffer.data() + 96, host, 8); }),
              testing::HasSubstr("8 bytes at byte 96 of 'hundred', which has 100 bytes"));
  EXPECT_THAT(message_of([&] { simulator.copy_to_host(host, host, 8); }),
              testing::HasSubstr("no allocation"));
  EXPECT_THROW(simulator.fill(buffer.data() + 1, std::byte{0}, 100), std::invalid_argument);
}

TEST(DeviceMemory, keeps_a_stray_pointer_out_of_the_neighbour) {
  Simulator simulator({.host_threads = 1});
  DeviceBuffer<std::uint32_t> a(simulator, 3, "a"), b(simulator, 3, "b");
  a.fill(std::byte{0});
  b.fill(std::byte{0});
  for (const std::int64_t words : {-1, 3, 1024, 100'000, -100'000}) {
    simulator.reset();
    simulator.launch({"stray", {1}, 1, 0}, [&] { store_global(a.data() + words, U32(7u)); });
    ASSERT_EQ(simulator.hazards().size(), 1u) << words;
    EXPECT_EQ(simulator.hazards()[0].kind, HazardKind::kGlobalOutOfBounds);
  }
  std::uint32_t values[3];
  b.download(values);
  EXPECT_THAT(values, testing::Each(0u));
}

TEST(DeviceMemory, knows_initialised_bytes_one_by_one) {
  Simulator simulator({.host_threads = 1});
  DeviceBuffer<std::uint8_t> buffer(simulator, 300, "bytes");
  for (std::size_t begin = 3; begin < 20; ++begin) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{9}, std::size_t{200}}) {
      DeviceBuffer<std::uint8_t> fresh(simulator, 300, "bytes");
      simulator.fill(fresh.data() + begin, std::byte{1}, size);
      simulator.reset();
      simulator.launch({"bytes", {1}, 300, 0},
                       [&] { load_global_u8(fresh.data() + thread_index()); });
      ASSERT_EQ(simulator.hazards().size(), 1u);
      EXPECT_EQ(simulator.hazards()[0].count, static_cast<std::int64_t>(300 - size)) << begin;
    }
  }
}

TEST(Launch, refuses_geometry_that_no_device_takes) {
  Simulator simulator;
  const auto launch = [&](Dim3 grid, int threads, std::int64_t shared = 0) {
    return message_of([&] { simulator.launch({"bad", grid, threads, shared}, [] {}); });
  };
  EXPECT_THAT(launch({1}, 0), testing::HasSubstr("1 to 1024 threads, got 0"));
  EXPECT_THAT(launch({1}, 1025), testing::HasSubstr("got 1025"));
  EXPECT_THAT(launch({0, 1, 1}, 32), testing::HasSubstr("got 0 x 1 x 1"));
  EXPECT_THAT(launch({1, 65536, 1}, 32), testing::HasSubstr("65535 in y and z"));
  EXPECT_THAT(launch({1}, 32, -1), testing::HasSubstr("negative"));
  EXPECT_THAT(simulator.launches(), testing::IsEmpty());
}

TEST(Launch, runs_every_thread_of_every_block_once) {
  for (const auto& [threads, host_threads] : {std::tuple{1, 1}, {33, 2}, {1024, 2}, {100, 3}}) {
    Bench bench({.host_threads = host_threads});
    const Dim3 grid{3, 2, 2};
    simt::LaunchRecord record;
    record = bench.simulator().launch({"grid", grid, threads, 0}, [&] {
      const int block = block_index_x() + 3 * (block_index_y() + 2 * block_index_z());
      EXPECT_EQ(grid_size_z(), 2);
      atomic_add_global(bench.output() + block, 1u + thread_index());
    });
    EXPECT_EQ(record.blocks_run, 12);
    const auto sum = static_cast<std::uint32_t>(threads * (threads + 1) / 2);
    const auto results = bench.results();
    for (std::size_t block = 0; block < 12; ++block) EXPECT_EQ(results[block], sum);
    EXPECT_EQ(results[12], 0u);
    EXPECT_THAT(bench.simulator().hazards(), testing::IsEmpty());
  }
}

TEST(Launch, runs_only_the_sampled_blocks) {
  SimulatorOptions options{.host_threads = 2};
  options.runs_block = [](Dim3 block) { return block.x % 4 == 1; };
  Bench bench(options);
  const Counters counters =
      bench.run([&] { store_global(bench.output() + block_index_x(), U32(1u)); }, 1, 0, 10);
  EXPECT_EQ(counters.global_store.requests, 3);
  const auto results = bench.results();
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(results[i], i % 4 == 1 ? 1u : 0u);
}

TEST(Launch, passes_on_what_device_code_throws_and_can_launch_again) {
  Bench bench({.host_threads = 2});
  const auto faulty = [&] {
    sync_threads();
    if (thread_index() == 40 && block_index_x() == 3) throw std::runtime_error("from a kernel");
    sync_threads();
  };
  EXPECT_EQ(message_of([&] { bench.run(faulty, 64, 0, 6); }), "from a kernel");
  bench.run([&] { store_global(bench.output() + thread_index(), U32(9u)); }, 64);
  EXPECT_EQ(bench.results()[63], 9u);
}

TEST(Launch, gives_up_a_block_that_runs_out_of_steps_and_runs_the_others) {
  Bench bench({.host_threads = 1, .step_budget = 1000});
  bench.run(
      [&] {
        if (block_index_x() == 1) {
          for (;;) sync_warp();
        }
        store_global(bench.output() + block_index_x(), U32(1u));
      },
      1, 0, 3);
  ASSERT_EQ(bench.simulator().hazards().size(), 1u);
  const Hazard hazard = bench.simulator().hazards()[0];
  EXPECT_EQ(hazard.kind, HazardKind::kLivelock);
  EXPECT_EQ(hazard.block, (Dim3{1, 0, 0}));
  EXPECT_THAT(hazard.describe(), testing::HasSubstr("1000 steps"));
  EXPECT_EQ(bench.results()[0], 1u);
  EXPECT_EQ(bench.results()[1], 0u);
  EXPECT_EQ(bench.results()[2], 1u);
}

TEST(Launch, reports_shared_memory_over_the_limit_of_the_chosen_device) {
  SimulatorOptions options;
  options.device.name = "small device";
  options.device.shared_bytes_per_block = 1000;
  Simulator simulator(options);
  EXPECT_EQ(simulator.launch({"fits", {1}, 32, 1000}, [] {}).blocks_run, 1);
  EXPECT_THAT(simulator.hazards(), testing::IsEmpty());
  EXPECT_EQ(simulator.launch({"huge", {1}, 32, 1001}, [] {}).blocks_run, 0);
  ASSERT_EQ(simulator.hazards().size(), 1u);
  EXPECT_THAT(simulator.take_reports()[0],
              testing::HasSubstr("1001 dynamic shared bytes per block wanted, small device gives "
                                 "1000; nothing was run"));
  EXPECT_THAT(simulator.hazards(), testing::IsEmpty());
}

TEST(Launch, without_checks_computes_the_same_and_reports_no_races) {
  const auto run = [](bool checks) {
    Bench bench({.host_threads = 1, .checks = checks});
    bench.run(
        [&] {
          auto& words = shared_memory<std::uint32_t[64]>();
          store_shared(&words[thread_index()], thread_index());
          const U32 value = load_shared<U32>(&words[thread_index() ^ 1]);
          store_global(bench.output() + thread_index(), value);
        },
        64, 256);
    return std::tuple(bench.simulator().hazards().empty(), bench.results());
  };
  EXPECT_FALSE(std::get<0>(run(true)));
  EXPECT_TRUE(std::get<0>(run(false)));
  EXPECT_EQ(std::get<1>(run(true)), std::get<1>(run(false)));
}

/// Blocks of a reduction that ends in a "last block" ticket, with traffic of every kind.
void reduce_with_ticket(const std::uint32_t* input, std::uint32_t* output) {
  auto& words = shared_memory<std::uint32_t[128]>();
  const U32 thread = thread_index();
  const int block = block_index_x();
  copy_async_16(&words[4 * lane_index()], input + 128 * block + 4 * lane_index());
  copy_async_commit();
  copy_async_wait<0>();
  sync_warp();
  U32 sum = load_shared<U32>(&words[127 - thread]);
  for (int distance = 16; distance > 0; distance /= 2) sum += shuffle_xor(sum, distance);
  store_global_if(thread == 0, output + 1 + block, sum);
  thread_fence();
  U32 before = 0u;
  if (thread == 0) before = atomic_add_global(output, 1u);
  before = shuffle(before, 0u);
  if (before + 1 != static_cast<std::uint32_t>(grid_size_x())) return;
  U32 total = 0u;
  for (int i = 0; i < grid_size_x(); ++i) total += load_global<U32>(output + 1 + i);
  store_global_if(thread == 0, output + 100, total);
}

TEST(LastBlockTicket, works_in_every_block_order_and_on_several_host_threads) {
  Counters first;
  for (const Order order :
       {Order::kAscending, Order::kDescending, Order::kRotated, Order::kSeeded}) {
    for (const int host_threads : {1, 2, 3}) {
      Bench bench(
          {.host_threads = host_threads, .lane_order = order, .block_order = order, .seed = 5});
      const Counters counters =
          bench.run([&] { reduce_with_ticket(bench.input(), bench.output()); }, 32, 512, 20);
      for (const Hazard& hazard : bench.simulator().hazards()) ADD_FAILURE() << hazard.describe();
      std::uint32_t expected = 0;
      for (std::uint32_t block = 0; block < 20; ++block) {
        for (std::uint32_t i = 96; i < 128; ++i) expected += 128 * block + i;
      }
      EXPECT_EQ(bench.results()[100], expected);
      if (first == Counters{}) first = counters;
      EXPECT_EQ(counters, first);
    }
  }
}

TEST(BlockRaces, are_forgotten_between_launches_also_after_many) {
  Bench bench({.host_threads = 1});
  for (int launch = 0; launch < 600; ++launch) {  // launch tags start again after 255
    bench.run(
        [&] {
          const int at = (block_index_x() + launch) % 2;
          const U32 value = load_global<U32>(bench.output() + at);
          store_global(bench.output() + at, U32(value + 1));
        },
        1, 0, 2);
  }
  for (const Hazard& hazard : bench.simulator().hazards()) ADD_FAILURE() << hazard.describe();
  EXPECT_EQ(bench.results()[0], 600u);
}

TEST(BlockRaces, are_found_whichever_width_the_blocks_use) {
  for (const Order order : {Order::kAscending, Order::kDescending}) {
    Bench bench({.host_threads = 1, .block_order = order});
    bench.run(
        [&] {
          auto* const bytes = reinterpret_cast<std::uint8_t*>(bench.output());
          if (block_index_x() == 0) {
            store_global_u8(bytes + 6, U32(1u));
          } else {
            load_global<U32x4>(bytes);
          }
        },
        1, 0, 2);
    ASSERT_EQ(bench.simulator().hazards().size(), 1u);
    EXPECT_EQ(bench.simulator().hazards()[0].kind, HazardKind::kGlobalRaceBetweenBlocks);
  }
}

TEST(SharedMemory, is_fresh_and_poisoned_in_every_block) {
  Bench bench({.host_threads = 1});
  bench.run(
      [&] {
        auto& word = shared_memory<std::uint32_t>();
        const U32 value = load_shared<U32>(&word);
        store_shared(&word, U32(5u));
        store_global(bench.output() + block_index_x(), value);
      },
      1, 4, 3);
  ASSERT_EQ(bench.simulator().hazards().size(), 1u);
  EXPECT_EQ(bench.simulator().hazards()[0].count, 3);
  EXPECT_EQ(bench.results()[2], 0xcdcdcdcdu);
}

TEST(SharedMemory, forgets_copies_that_a_block_never_awaited) {
  Bench bench({.host_threads = 1});
  bench.run(
      [&] {
        auto& words = shared_memory<std::uint32_t[128]>();
        if (block_index_x() == 0) {
          copy_async_16(&words[4 * lane_index()], bench.input() + 4 * lane_index());
          return;
        }
        store_shared(&words[lane_index()], lane_index());
        load_shared<U32>(&words[lane_index()]);
      },
      32, 512, 2);
  for (const Hazard& hazard : bench.simulator().hazards()) ADD_FAILURE() << hazard.describe();
}

TEST(AccessStream, counts_one_by_one_what_does_not_fit) {
  Bench bench({.host_threads = 1});
  constexpr int kLoads = 70'000;
  const Counters counters = bench.run(
      [&] {
        for (int i = 0; i < kLoads; ++i) load_global<U32>(bench.input());
      },
      2);
  EXPECT_EQ(counters.ungrouped_accesses, 2 * (kLoads - 65'536));
  EXPECT_EQ(counters.global_load.bytes, 2 * 4 * std::int64_t{kLoads});
}

TEST(AsSimulator, accepts_a_simulator) {
  Simulator simulator;
  EXPECT_EQ(&as_simulator(simulator), &simulator);
}

}  // namespace
}  // namespace kvroof::simt
