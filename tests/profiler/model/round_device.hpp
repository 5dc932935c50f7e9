// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/model/catalogue.hpp"

namespace kvroof::model {

/// A device of round numbers, on which terms can be computed in the head: 10 SMs at 1 GHz.
inline DeviceModel round_device() {
  DeviceModel device;
  device.name = device.title = "round";
  device.compute_capability_major = 9;
  const auto set = [&](Parameter DeviceModel::*member, double value) {
    device.*member = {value, Confidence::kStated, "made up", "2026-11-24"};
  };
  using D = DeviceModel;
  set(&D::sm_count, 10);
  set(&D::sm_clock_mhz, 1000);
  set(&D::issue_per_clk, 4);
  set(&D::alu_per_clk, 2);
  set(&D::fma_per_clk, 2);
  set(&D::xu_per_clk, 0.5);
  set(&D::lsu_per_clk, 1);
  set(&D::shared_wavefronts_per_clk, 1);
  set(&D::dependent_clk, 5);
  set(&D::tensor_tflops, 100);
  set(&D::mma_sync_share, 0.5);
  set(&D::mma_alu_clk, 2);
  set(&D::warps_per_sm, 64);
  set(&D::blocks_per_sm, 32);
  set(&D::registers_per_sm, 65536);
  set(&D::shared_kib_per_sm, 101);
  set(&D::shared_kib_per_block, 100);
  set(&D::l2_mb, 50);
  set(&D::l2_gb_per_s, 5000);
  set(&D::l2_latency_ns, 100);
  set(&D::dram_gb_per_s, 1000);
  set(&D::dram_efficiency, 0.8);
  set(&D::dram_loaded_latency_ns, 500);
  set(&D::dram_exponent, 2);
  set(&D::dram_latency_ns, 300);
  set(&D::trip_factor, 2);
  set(&D::overlap_exponent, 1000);
  set(&D::memory_gb, 80);
  set(&D::launch_stream_us, 3);
  set(&D::launch_graph_us, 1);
  return device;
}

}  // namespace kvroof::model
