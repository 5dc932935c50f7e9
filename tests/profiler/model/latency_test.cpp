// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/latency.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/profiler/model/round_device.hpp"

namespace kvroof::model {
namespace {

using ::testing::HasSubstr;

/// One block per SM of the round device, and a little of everything.
Work small_work() {
  return {.shape = {.blocks = 10, .warps = 8, .shared_bytes = 60 * 1024, .registers = 64},
          .demand = {.alu = 2000,
                     .fma = 1000,
                     .xu = 500,
                     .lsu = 400,
                     .mma = 100,
                     .mma_flops = 409600,
                     .shared_wavefronts = 800,
                     .l2_bytes = 1e6},
          .dram_bytes = 2e6,
          .warp_bytes_in_flight = 5000,
          .chain = {.instructions = 300, .dram_trips = 2, .l2_trips = 3}};
}

double time_of(const Estimate& estimate, std::string_view name) {
  for (const auto* terms : {&estimate.fixed, &estimate.terms}) {
    for (const Term& term : *terms)
      if (term.name == name) return term.time_us;
  }
  ADD_FAILURE() << "no term " << name;
  return -1.0;
}

TEST(latency, computes_every_term_as_by_hand) {
  const Estimate e = estimate(small_work(), round_device());
  // An SM does a tenth; 1000 clocks are a microsecond.
  EXPECT_DOUBLE_EQ(time_of(e, "launch"), 1.0);
  EXPECT_DOUBLE_EQ(time_of(e, "trips"), (2 * 0.3 + 3 * 0.1) * 2.0);
  EXPECT_DOUBLE_EQ(time_of(e, "l2"), 1e6 / 5000e3);
  EXPECT_DOUBLE_EQ(time_of(e, "shared"), 80.0 / 1000);
  EXPECT_DOUBLE_EQ(time_of(e, "tensor"), 40960.0 / (0.5 * 100e12 / 10) * 1e6);
  EXPECT_DOUBLE_EQ(time_of(e, "issue"), 400.0 / 4 / 1000);
  EXPECT_DOUBLE_EQ(time_of(e, "alu"), (200.0 / 2 + 10 * 2.0) / 1000);
  EXPECT_DOUBLE_EQ(time_of(e, "fma"), (100.0 / 2 + 10 * 2.0) / 1000);
  EXPECT_DOUBLE_EQ(time_of(e, "xu"), 50.0 / 0.5 / 1000);
  EXPECT_DOUBLE_EQ(time_of(e, "lsu"), 40.0 / 1000);
  EXPECT_DOUBLE_EQ(time_of(e, "chain"), 300.0 * 5 / 1000);
  // 80 warps x 5000 B = 400 kB in 500 ns are 800 GB/s, as much as the memory reaches.
  EXPECT_NEAR(time_of(e, "dram"), 2e6 / (800e3 / std::sqrt(2.0)), 1e-12);
}

TEST(latency, adds_fixed_terms_to_the_largest_when_the_maximum_is_hard) {
  const Estimate e = estimate(small_work(), round_device());
  EXPECT_EQ(e.binding_term().name, "dram");
  EXPECT_NEAR(e.time_us, 1.0 + 1.8 + time_of(e, "dram"), 0.01);
}

TEST(latency, takes_the_norm_of_the_terms_when_the_maximum_is_smooth) {
  const std::vector<Term> terms{{"a", 3.0, "", {}}, {"b", 4.0, "", {}}, {"c", 0.0, "", {}}};
  EXPECT_DOUBLE_EQ(smooth_maximum(terms, 2.0), 5.0);
  EXPECT_DOUBLE_EQ(smooth_maximum(terms, 1.0), 7.0);
  EXPECT_NEAR(smooth_maximum(terms, 1000.0), 4.0, 1e-9);
  EXPECT_EQ(smooth_maximum({}, 2.0), 0.0);
}

TEST(latency, names_the_term_that_was_made_to_bind) {
  struct Case {
    const char* name;
    void (*grow)(Work&);
  };
  const Case cases[] = {
      {"dram", [](Work& w) { w.dram_bytes = 1e9; }},
      {"l2", [](Work& w) { w.demand.l2_bytes = 1e9; }},
      {"shared", [](Work& w) { w.demand.shared_wavefronts = 1e7; }},
      {"tensor", [](Work& w) { w.demand.mma_flops = 1e12; }},
      {"alu", [](Work& w) { w.demand.alu = 1e7; }},
      {"fma", [](Work& w) { w.demand.fma = 1e7; }},
      {"xu", [](Work& w) { w.demand.xu = 1e7; }},
      {"lsu", [](Work& w) { w.demand.lsu = 1e7; }},
      {"chain", [](Work& w) { w.chain.instructions = 1e6; }},
  };
  for (const Case& one : cases) {
    Work work = small_work();
    one.grow(work);
    const Estimate e = estimate(work, round_device());
    EXPECT_EQ(e.binding_term().name, one.name);
    EXPECT_GT(e.time_us, estimate(small_work(), round_device()).time_us) << one.name;
    for (const Term& term : e.terms) EXPECT_LE(term.time_us, e.binding_term().time_us);
  }
  // Issue binds only when the pipes share the work: 4 per clock against 2, 2, 0.5 and 1.
  Work work = small_work();
  work.demand = {.alu = 1.6e6, .fma = 1.6e6, .xu = 0.4e6, .lsu = 0.8e6};
  EXPECT_EQ(estimate(work, round_device()).binding_term().name, "issue");
}

TEST(latency, never_falls_when_a_rate_falls_or_a_latency_rises) {
  for (const double q : {1.0, 4.0, 1000.0}) {
    DeviceModel device = round_device();
    device.overlap_exponent.value = q;
    const double before = estimate(small_work(), device).time_us;
    const auto expect_slower = [&](const DeviceModel& slower) {
      EXPECT_GE(estimate(small_work(), slower).time_us, before);
      if (q == 1.0) {  // a plain sum
        EXPECT_GT(estimate(small_work(), slower).time_us, before);
      }
    };
    for (Parameter DeviceModel::*rate :
         {&DeviceModel::sm_clock_mhz, &DeviceModel::issue_per_clk, &DeviceModel::alu_per_clk,
          &DeviceModel::fma_per_clk, &DeviceModel::xu_per_clk, &DeviceModel::lsu_per_clk,
          &DeviceModel::shared_wavefronts_per_clk, &DeviceModel::tensor_tflops,
          &DeviceModel::mma_sync_share, &DeviceModel::l2_gb_per_s, &DeviceModel::dram_gb_per_s,
          &DeviceModel::dram_efficiency}) {
      DeviceModel slower = device;
      (slower.*rate).value /= 100.0;
      expect_slower(slower);
    }
    for (Parameter DeviceModel::*latency :
         {&DeviceModel::dram_latency_ns, &DeviceModel::l2_latency_ns,
          &DeviceModel::dram_loaded_latency_ns, &DeviceModel::launch_graph_us,
          &DeviceModel::dependent_clk, &DeviceModel::trip_factor, &DeviceModel::mma_alu_clk}) {
      DeviceModel slower = device;
      (slower.*latency).value *= 100.0;
      expect_slower(slower);
    }
  }
}

TEST(latency, counts_the_busiest_sm) {
  Work work = small_work();
  EXPECT_DOUBLE_EQ(busiest_sm_share(work, 10), 0.1);
  work.shape.blocks = 11;  // one SM has two blocks
  EXPECT_DOUBLE_EQ(busiest_sm_share(work, 10), 2.0 / 11);
  work.shape.blocks = 4;
  EXPECT_DOUBLE_EQ(busiest_sm_share(work, 10), 0.25);
  work.block_imbalance = 1.5;
  EXPECT_DOUBLE_EQ(busiest_sm_share(work, 10), 0.375);
}

TEST(latency, runs_the_chain_once_per_wave) {
  Work work = small_work();  // 60 KiB of 101: one block per SM
  for (const auto& [blocks, waves] : {std::pair{10, 1}, {11, 2}, {20, 2}, {21, 3}}) {
    work.shape.blocks = blocks;
    EXPECT_DOUBLE_EQ(time_of(estimate(work, round_device()), "chain"), 1.5 * waves) << blocks;
  }
}

TEST(latency, reads_nothing_from_memory_when_all_of_it_is_cached) {
  Work work = small_work();
  const Estimate warm = estimate(work, round_device(), {.l2 = CacheState::kWarm});
  EXPECT_EQ(time_of(warm, "dram"), 0.0);
  EXPECT_DOUBLE_EQ(time_of(warm, "trips"), 5 * 0.1 * 2.0);
  work.dram_bytes = 50e6 + 1;  // one byte more than the cache
  EXPECT_GT(time_of(estimate(work, round_device(), {.l2 = CacheState::kWarm}), "dram"), 0.0);
}

TEST(latency, charges_a_stream_more_than_a_graph) {
  EXPECT_EQ(
      time_of(estimate(small_work(), round_device(), {.launch = LaunchMode::kStream}), "launch"),
      3.0);
}

TEST(dram_bandwidth, is_below_both_littles_law_and_what_the_memory_reaches) {
  const DeviceModel device = round_device();
  EXPECT_EQ(dram_bandwidth(device, 0.0), 0.0);
  double before = 0.0;
  for (double bytes = 1.0; bytes < 1e12; bytes *= 3.0) {
    const double bandwidth = dram_bandwidth(device, bytes);
    EXPECT_LE(bandwidth, std::min(bytes / 500.0, 800.0));
    EXPECT_GE(bandwidth, before);
    EXPECT_TRUE(std::isfinite(bandwidth));
    before = bandwidth;
  }
  EXPECT_NEAR(before, 800.0, 1e-3);
}

TEST(dram_bandwidth, stays_finite_with_the_steepest_exponent) {
  DeviceModel device = round_device();
  device.dram_exponent.value = 100;
  EXPECT_NEAR(dram_bandwidth(device, 200e3), 400.0, 1e-6);
  EXPECT_NEAR(dram_bandwidth(device, 400e6), 800.0, 1e-6);
}

TEST(latency, says_which_parameter_is_the_weakest) {
  DeviceModel device = round_device();
  device.dependent_clk.confidence = Confidence::kGuessed;
  Work work = small_work();
  EXPECT_EQ(estimate(work, device).weakest(), Confidence::kStated);  // dram binds
  work.chain.instructions = 1e6;
  EXPECT_EQ(estimate(work, device).weakest(), Confidence::kGuessed);
}

TEST(latency, refuses_work_that_is_no_number) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -1.0}) {
    Work work = small_work();
    work.demand.alu = bad;
    EXPECT_THROW(estimate(work, round_device()), std::invalid_argument);
    work = small_work();
    work.chain.l2_trips = bad;
    EXPECT_THROW(estimate(work, round_device()), std::invalid_argument);
  }
  Work work = small_work();
  work.block_imbalance = 0.9;
  EXPECT_THROW(estimate(work, round_device()), std::invalid_argument);
  work = small_work();
  work.warp_bytes_in_flight = 0;
  EXPECT_THROW(estimate(work, round_device()), std::invalid_argument);
  work = small_work();
  work.shape.shared_bytes = 101 * 1024;
  EXPECT_THROW(estimate(work, round_device()), std::invalid_argument);
}

TEST(occupancy, is_set_by_the_scarcest_resource) {
  struct Case {
    LaunchShape shape;
    int blocks;
    const char* limit;
  };
  const Case cases[] = {
      {{1, 8, 50 * 1024, 32}, 1, "shared memory"},        // 2 x (50 + 1) KiB are 102
      {{1, 8, 49 * 1024 + 512, 32}, 2, "shared memory"},  // 2 x 50.5 are 101
      {{1, 8, 0, 65}, 3, "registers"},                    // 72 x 32 x 8 = 18432; 3 x 18432 = 55296
      {{1, 8, 0, 64}, 4, "registers"},
      {{1, 16, 0, 16}, 4, "warps"},
      {{1, 1, 0, 8}, 32, "blocks"},
  };
  for (const Case& one : cases) {
    const Occupancy result = occupancy(one.shape, round_device());
    EXPECT_EQ(result.blocks_per_sm, one.blocks);
    EXPECT_EQ(result.limit, one.limit);
    EXPECT_EQ(result.wont_launch, "");
  }
}

TEST(occupancy, says_why_a_block_will_not_launch) {
  EXPECT_EQ(occupancy({1, 4, 100 * 1024, 32}, round_device()).wont_launch, "");
  EXPECT_EQ(occupancy({1, 4, 100 * 1024 + 1, 32}, round_device()).wont_launch,
            "a block needs 102401 bytes of shared memory, round has 102400");
  EXPECT_THAT(occupancy({1, 32, 0, 72}, round_device()).wont_launch,
              HasSubstr("a block needs 73728 registers, an SM of round has 65536"));
  DeviceModel narrow = round_device();
  narrow.warps_per_sm.value = 16;
  EXPECT_THAT(occupancy({1, 17, 0, 32}, narrow).wont_launch, HasSubstr("a block has 17 warps"));
}

TEST(occupancy, refuses_shapes_that_no_launch_has) {
  EXPECT_THROW(occupancy({0, 1, 0, 32}, round_device()), std::invalid_argument);
  EXPECT_THROW(occupancy({1, 0, 0, 32}, round_device()), std::invalid_argument);
  EXPECT_THROW(occupancy({1, 33, 0, 32}, round_device()), std::invalid_argument);
  EXPECT_THROW(occupancy({1, 1, -1, 32}, round_device()), std::invalid_argument);
  EXPECT_THROW(occupancy({1, 1, 0, 0}, round_device()), std::invalid_argument);
  EXPECT_THROW(occupancy({1, 1, 0, 256}, round_device()), std::invalid_argument);
}

TEST(demand, takes_every_counter_that_costs_time) {
  simt::Counters counters;
  counters.instructions = {10, 20, 30, 40, 50};
  counters.mma = 50;
  counters.mma_flops = 50 * 4096;
  counters.shared_load.wavefronts = 1;
  counters.shared_store.wavefronts = 2;
  counters.shared_atomic.wavefronts = 4;
  counters.load_matrix.wavefronts = 8;
  counters.async_copy = {.requests = 1, .sectors = 8, .bytes = 256};
  counters.global_load.sectors = 1;
  counters.global_store.sectors = 2;
  counters.global_atomic.sectors = 4;
  const Demand demand = demand_of(counters);
  EXPECT_EQ(demand.instructions(), 150);
  EXPECT_EQ(demand.shared_wavefronts, 15 + 2);
  EXPECT_EQ(demand.l2_bytes, 15 * 32);
  EXPECT_EQ(demand.mma_flops, 204800);
  Demand twice = demand;
  twice += demand;
  EXPECT_EQ(twice.lsu, demand.scaled(2.0).lsu);
  EXPECT_EQ(twice.l2_bytes, demand.scaled(2.0).l2_bytes);
}

}  // namespace
}  // namespace kvroof::model
