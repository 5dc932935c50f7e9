// SPDX-License-Identifier: Apache-2.0
// Counters against numbers derived by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/simt/run_kernel.hpp"

namespace kvroof::simt {
namespace {

using namespace simt_backend;  // NOLINT: the vocabulary under test

/// Sectors and requests of one warp loading Register from `index(lane)` words into the input.
template <class Register, class Index>
GlobalTraffic loads(const Index& index) {
  Bench bench;
  return bench
      .run([&] { load_global<Register>(bench.input() + std::uint32_t{index(lane_index())}); })
      .global_load;
}

TEST(GlobalTraffic, of_coalesced_loads_is_one_sector_for_each_32_bytes) {
  EXPECT_EQ(loads<U32>([](U32 lane) { return lane; }), (GlobalTraffic{1, 4, 128}));
  EXPECT_EQ(loads<U32x2>([](U32 lane) { return lane * 2; }), (GlobalTraffic{1, 8, 256}));
  EXPECT_EQ(loads<U32x4>([](U32 lane) { return lane * 4; }), (GlobalTraffic{1, 16, 512}));
}

TEST(GlobalTraffic, of_strided_loads_is_one_sector_for_each_lane) {
  EXPECT_EQ(loads<U32>([](U32 lane) { return lane * 8; }), (GlobalTraffic{1, 32, 128}));
  EXPECT_EQ(loads<U32>([](U32 lane) { return lane * 4; }), (GlobalTraffic{1, 16, 128}));
  EXPECT_EQ(loads<U32>([](U32 lane) { return (31 - lane) * 32; }), (GlobalTraffic{1, 32, 128}));
}

TEST(GlobalTraffic, of_a_broadcast_is_one_sector) {
  EXPECT_EQ(loads<U32>([](U32) { return U32(5u); }), (GlobalTraffic{1, 1, 128}));
}

TEST(GlobalTraffic, of_an_unaligned_row_takes_one_more_sector) {
  EXPECT_EQ(loads<U32>([](U32 lane) { return lane + 1; }), (GlobalTraffic{1, 5, 128}));
}

TEST(GlobalTraffic, a_predicated_off_instruction_is_issued_and_asks_for_nothing) {
  Bench bench;
  const Counters counters = bench.run(
      [&] {
        load_global_if<U32>(lane_index() < 3, bench.input() + lane_index());
        load_global_if<U32>(false, bench.input());
        store_global_if(false, bench.output(), U32(0u));
        store_shared_if(false, &shared_memory<std::uint32_t>(), U32(0u));
      },
      32, 4);
  EXPECT_EQ(counters.global_load, (GlobalTraffic{1, 1, 12}));
  EXPECT_EQ(counters.global_store, GlobalTraffic{});
  EXPECT_EQ(counters.shared_store, SharedTraffic{});
  EXPECT_EQ(counters.issued(Pipe::kLsu), 4);
}

TEST(GlobalTraffic, counts_asynchronous_copies_by_themselves) {
  Bench bench;
  const Counters counters = bench.run(
      [&] {
        auto& words = shared_memory<std::uint32_t[128]>();
        copy_async_16(&words[4 * lane_index()], bench.input() + 4 * lane_index());
        copy_async_8_if(lane_index() < 16, &words[2 * lane_index()],
                        bench.input() + 2 * lane_index());
      },
      32, 512);
  EXPECT_EQ(counters.async_copy, (GlobalTraffic{2, 20, 640}));
  EXPECT_EQ(counters.global_load, GlobalTraffic{});
}

TEST(Footprint, counts_each_sector_of_a_launch_once_whoever_touches_it) {
  Bench bench;
  const auto body = [&] {
    for (int i = 0; i < 3; ++i) load_global<U32>(bench.input() + lane_index());
    store_global(bench.output() + 32 * block_index_x() + lane_index(), U32(1u));
    store_global(bench.output() + 32 * block_index_x() + lane_index(), U32(1u));
  };
  for (int launch = 0; launch < 2; ++launch) {  // the second must not know of the first
    const Counters counters = bench.run(body, 32, 0, 5);
    EXPECT_EQ(counters.global_load, (GlobalTraffic{15, 60, 1920}));
    EXPECT_EQ(counters.footprint_read_bytes, 128);
    EXPECT_EQ(counters.footprint_written_bytes, 5 * 128);
  }
}

/// Wavefronts of one warp loading Register from byte `offset(lane)` of shared memory.
template <class Register, class Offset>
SharedTraffic shared_loads(const Offset& offset) {
  constexpr int kBytes = 16384;
  Bench bench({.host_threads = 1, .checks = false});
  return bench
      .run(
          [&] {
            auto& bytes = shared_memory<std::uint8_t[kBytes]>();
            load_shared<Register>(&bytes[std::uint32_t{offset(lane_index())}]);
          },
          32, kBytes)
      .shared_load;
}

TEST(SharedTraffic, without_conflicts_is_one_wavefront_for_each_128_bytes) {
  EXPECT_EQ(shared_loads<U32>([](U32 lane) { return lane * 4; }), (SharedTraffic{1, 1, 1}));
  EXPECT_EQ(shared_loads<U32x2>([](U32 lane) { return lane * 8; }), (SharedTraffic{1, 2, 2}));
  EXPECT_EQ(shared_loads<U32x4>([](U32 lane) { return lane * 16; }), (SharedTraffic{1, 4, 4}));
}

TEST(SharedTraffic, of_one_word_for_all_lanes_is_one_wavefront) {
  EXPECT_EQ(shared_loads<U32>([](U32) { return U32(64u); }), (SharedTraffic{1, 1, 1}));
  EXPECT_EQ(shared_loads<U32x4>([](U32) { return U32(64u); }), (SharedTraffic{1, 4, 4}));
}

TEST(SharedTraffic, grows_with_the_words_that_meet_in_the_busiest_bank) {
  EXPECT_EQ(shared_loads<U32>([](U32 lane) { return lane * 8; }), (SharedTraffic{1, 2, 1}));
  EXPECT_EQ(shared_loads<U32>([](U32 lane) { return lane * 128; }), (SharedTraffic{1, 32, 1}));
  EXPECT_EQ(shared_loads<U32>([](U32 lane) { return lane * 132; }), (SharedTraffic{1, 1, 1}));
  // 16 lanes of a phase, 16 bytes apart: 8 lanes fill the banks, so two words meet.
  EXPECT_EQ(shared_loads<U32x2>([](U32 lane) { return lane * 16; }), (SharedTraffic{1, 4, 2}));
  // 8 lanes of a phase, 128 bytes apart: all in the same four banks.
  EXPECT_EQ(shared_loads<U32x4>([](U32 lane) { return lane * 128; }), (SharedTraffic{1, 32, 4}));
  const SharedTraffic rows = shared_loads<U32>([](U32 lane) { return lane % 8 * 128; });
  EXPECT_EQ(rows.bank_conflicts(), 7);
}

TEST(SharedTraffic, of_ldmatrix_is_one_wavefront_for_each_matrix_without_conflicts) {
  const auto wavefronts = [](std::uint32_t row_bytes) {
    Bench bench({.host_threads = 1, .checks = false});
    return bench
        .run(
            [&] {
              auto& bytes = shared_memory<std::uint8_t[8192]>();
              U32 result[4];
              load_matrix_x4(result, &bytes[row_bytes * lane_index()]);
            },
            32, 8192)
        .load_matrix;
  };
  EXPECT_EQ(wavefronts(16), (SharedTraffic{1, 4, 4}));
  EXPECT_EQ(wavefronts(144), (SharedTraffic{1, 4, 4}));  // padded rows
  EXPECT_EQ(wavefronts(256), (SharedTraffic{1, 32, 4}));
}

// Lane l takes round j when bit j of its pattern is set. Hardware that reconverges each round needs
// one request per round in which any lane takes part.
template <class Loop>
Counters divergent_loop(const Loop& loop) {
  Bench bench;
  return bench.run([&] {
    const std::uint32_t pattern = (lane_index() * 0x9e3779b1u) >> 24;
    loop(bench, pattern);
  });
}

TEST(Grouping, tells_rounds_of_a_divergent_loop_apart_with_iterations) {
  const Counters counters = divergent_loop([](Bench& bench, std::uint32_t pattern) {
    for (int j : iterations(0, 8)) {
      if ((pattern >> j & 1u) != 0) load_global<U32>(bench.input() + 32 * j + lane_index());
    }
  });
  EXPECT_EQ(counters.global_load.requests, 8);
  EXPECT_EQ(counters.global_load.sectors, 32);
}

TEST(Grouping, tells_rounds_apart_with_predicated_loads) {
  const Counters counters = divergent_loop([](Bench& bench, std::uint32_t pattern) {
    for (int j = 0; j < 8; ++j) {
      load_global_if<U32>((pattern >> j & 1u) != 0, bench.input() + 32 * j + lane_index());
    }
  });
  EXPECT_EQ(counters.global_load.requests, 8);
  EXPECT_EQ(counters.global_load.sectors, 32);
  EXPECT_EQ(counters.diverged_segments, 0);
}

TEST(Grouping, without_either_falls_back_to_occurrences_and_says_so) {
  const Counters counters = divergent_loop([](Bench& bench, std::uint32_t pattern) {
    for (int j = 0; j < 8; ++j) {
      if ((pattern >> j & 1u) != 0) load_global<U32>(bench.input() + 32 * j + lane_index());
    }
  });
  EXPECT_LT(counters.global_load.requests, 8);
  EXPECT_GT(counters.global_load.sectors, 32);
  EXPECT_EQ(counters.diverged_segments, 1);
}

TEST(Grouping, is_the_same_in_every_lane_order) {
  const auto count = [](Order order, std::uint64_t seed) {
    Bench bench({.host_threads = 1, .lane_order = order, .seed = seed});
    return bench.run([&] {
      const std::uint32_t pattern = (lane_index() * 0x9e3779b1u) >> 20;
      for (int j : iterations(0, 12)) {
        if ((pattern >> j & 1u) != 0) load_global<U32>(bench.input() + 7 * j + lane_index());
        if ((pattern >> j & 2u) != 0) store_global(bench.output() + 64 * j + lane_index(), U32(1u));
      }
      for (int j = 0; j < 4; ++j) {
        if ((pattern >> j & 4u) != 0) load_global<U32>(bench.input() + 90 * j + lane_index());
      }
    });
  };
  const Counters first = count(Order::kAscending, 0);
  EXPECT_EQ(count(Order::kDescending, 0), first);
  EXPECT_EQ(count(Order::kRotated, 0), first);
  for (const std::uint64_t seed : {1u, 2u, 3u}) EXPECT_EQ(count(Order::kSeeded, seed), first);
}

TEST(Grouping, keeps_an_access_whole_when_parts_of_the_warp_meet_apart_afterwards) {
  Bench bench;
  const Counters counters = bench.run([&] {
    load_global<U32>(bench.input() + lane_index());
    if (lane_index() < 16) {
      ballot(true, 0x0000ffffu);
    } else {
      ballot(true, 0xffff0000u);
    }
    load_global<U32>(bench.input() + lane_index());
  });
  EXPECT_EQ(counters.global_load, (GlobalTraffic{2, 8, 256}));
  EXPECT_EQ(counters.votes, 2);
}

TEST(Grouping, does_not_mix_nested_loops) {
  Bench bench;
  const Counters counters = bench.run([&] {
    for (int i : iterations(0, 3)) {
      for (int j : iterations(0, 3)) {
        if ((lane_index() + i + j) % 2 == 0) load_global<U32>(bench.input() + lane_index());
      }
      if (lane_index() > 20) break;  // leaves the loop by its side door
    }
    load_global<U32>(bench.input() + lane_index());
  });
  EXPECT_EQ(counters.global_load.requests, 9 + 1);
}

TEST(Instructions, follow_the_merging_rules_of_the_compiler) {
  const auto issued = [](const std::function<void(U32, U32, U32)>& body) {
    Bench bench;
    const Counters counters = bench.run([&] { body(3u, 5u, 9u); });
    return std::pair(counters.issued(Pipe::kAlu), counters.issued(Pipe::kFma));
  };
  using Pair = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(issued([](U32 a, U32 b, U32 c) { a = a * b + c; }), Pair(0, 1));  // IMAD
  EXPECT_EQ(issued([](U32 a, U32 b, U32 c) { a = c + a * b; }), Pair(0, 1));
  EXPECT_EQ(issued([](U32 a, U32 b, U32 c) { a += b * c; }), Pair(0, 1));
  EXPECT_EQ(issued([](U32 a, U32 b, U32 c) { a = (a & b) | c; }), Pair(1, 0));  // LOP3
  EXPECT_EQ(issued([](U32 a, U32 b, U32 c) { a = (a & ~b) ^ (c & a); }), Pair(2, 0));
  EXPECT_EQ(issued([](U32 a, U32 b, U32 c) { a = a + b + c; }), Pair(1, 0));  // IADD3
  EXPECT_EQ(issued([](U32 a, U32 b, U32 c) { a = a + b + c + a; }), Pair(2, 0));
  EXPECT_EQ(issued([](U32 a, U32 b, U32) { a = (a << 4) + b; }), Pair(1, 0));  // LEA
  EXPECT_EQ(issued([](U32 a, U32 b, U32 c) { a = (a << b) + c; }), Pair(2, 0));
  EXPECT_EQ(issued([](U32 a, U32, U32) { a = (a >> 8) & 15u; }), Pair(2, 0));
  EXPECT_EQ(issued([](U32 a, U32 b, U32) { static_cast<void>(a < b); }), Pair(1, 0));
  EXPECT_EQ(issued([](U32 a, U32 b, U32) {
              F32 x = f32_from_bits(a);
              x = x * x + f32_from_bits(b);  // FFMA
              x -= x * x;
            }),
            Pair(0, 2));
}

TEST(Instructions, are_the_maximum_over_the_lanes_of_a_stretch) {
  Bench bench;
  const Counters counters = bench.run([&] {
    U32 x = lane_index();
    for (std::uint32_t i = 0; i < std::uint32_t{lane_index()}; ++i) x = popcount(x);
    sync_warp();
    x = popcount(x);
  });
  EXPECT_EQ(counters.issued(Pipe::kXu), 31 + 1);
}

TEST(Instructions, count_collectives_once_for_the_warp) {
  Bench bench;
  const Counters counters = bench.run(
      [&] {
        F32 d[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        const U32 a[4] = {0u, 0u, 0u, 0u};
        for (int i = 0; i < 3; ++i) mma_m16n8k16<Half>(d, a, 0u, 0u);
        shuffle_xor(a[0], 1);
        ballot(true);
        sync_warp();
        sync_threads();
        thread_fence();
      },
      64);
  EXPECT_EQ(counters.mma, 6);
  EXPECT_EQ(counters.mma_flops, 6 * 4096);
  EXPECT_EQ(counters.shuffles, 2);
  EXPECT_EQ(counters.votes, 2);
  EXPECT_EQ(counters.warp_barriers, 2);
  EXPECT_EQ(counters.block_barriers, 2);
  EXPECT_EQ(counters.issued(Pipe::kLsu), 2 + 2);  // shuffle and fence
  EXPECT_EQ(counters.issued(Pipe::kTensor), 6);
}

}  // namespace
}  // namespace kvroof::simt
