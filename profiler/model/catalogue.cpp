// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/error.hpp"

namespace kvroof::model {

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::kMeasured: return "measured";
    case Confidence::kStated: return "stated";
    case Confidence::kFitted: return "fitted";
    case Confidence::kInferred: return "inferred";
    case Confidence::kFromMemory: return "from_memory";
    case Confidence::kGuessed: return "guessed";
  }
  fail("a confidence has no name");
}

std::span<const ParameterField> parameter_fields() {
  using D = DeviceModel;
  constexpr double large = 1e6;
  static constexpr std::array<ParameterField, 30> fields{{
      {"sm_count", "1", "streaming multiprocessors", 1, 1024, true, &D::sm_count},
      {"sm_clock_mhz", "MHz", "clock of the SMs under load", 100, 10000, false, &D::sm_clock_mhz},
      {"issue_per_clk", "instr/clk/SM", "warp instructions issued", 0.1, 64, false,
       &D::issue_per_clk},
      {"alu_per_clk", "instr/clk/SM", "integer and logic", 0.01, 64, false, &D::alu_per_clk},
      {"fma_per_clk", "instr/clk/SM", "multiply-add", 0.01, 64, false, &D::fma_per_clk},
      {"xu_per_clk", "instr/clk/SM", "population count, exponential, ...", 0.01, 64, false,
       &D::xu_per_clk},
      {"lsu_per_clk", "instr/clk/SM", "loads, stores, shuffles", 0.01, 64, false, &D::lsu_per_clk},
      {"shared_wavefronts_per_clk", "1/clk/SM", "passes of 128 B over shared memory", 0.01, 64,
       false, &D::shared_wavefronts_per_clk},
      {"dependent_clk", "clk/instr", "clocks per instruction of one warp alone", 0.25, 100, false,
       &D::dependent_clk},
      {"tensor_tflops", "TFLOP/s", "f16 dense matrix product, f32 sums", 0.01, 1e5, false,
       &D::tensor_tflops},
      {"mma_sync_share", "1", "share of tensor_tflops that mma.sync reaches", 0.01, 1, false,
       &D::mma_sync_share},
      {"mma_alu_clk", "clk", "for which an mma.sync keeps ALU and FMA from issuing", 0, 100, false,
       &D::mma_alu_clk},
      {"warps_per_sm", "1", "resident at most", 1, 256, true, &D::warps_per_sm},
      {"blocks_per_sm", "1", "resident at most", 1, 256, true, &D::blocks_per_sm},
      {"registers_per_sm", "1", "32-bit registers", 1024, 1 << 24, true, &D::registers_per_sm},
      {"shared_kib_per_sm", "KiB", "shared memory", 1, 65536, true, &D::shared_kib_per_sm},
      {"shared_kib_per_block", "KiB", "shared memory that a block may opt in to", 1, 65536, true,
       &D::shared_kib_per_block},
      {"l2_mb", "MB", "second-level cache", 0.1, 1e5, false, &D::l2_mb},
      {"l2_gb_per_s", "GB/s", "read bandwidth of the second-level cache", 1, large, false,
       &D::l2_gb_per_s},
      {"l2_latency_ns", "ns", "of a load that hits there", 1, 1e5, false, &D::l2_latency_ns},
      {"dram_gb_per_s", "GB/s", "theoretical bandwidth", 1, large, false, &D::dram_gb_per_s},
      {"dram_efficiency", "1", "share of it that reading reaches", 0.01, 1, false,
       &D::dram_efficiency},
      {"dram_loaded_latency_ns", "ns", "latency in Little's law", 1, 1e5, false,
       &D::dram_loaded_latency_ns},
      {"dram_exponent", "1", "p of the smooth minimum", 1, 100, false, &D::dram_exponent},
      {"dram_latency_ns", "ns", "of one load from idle memory", 1, 1e5, false, &D::dram_latency_ns},
      {"trip_factor", "1", "a trip of a kernel / a load of a pointer chase", 0, 100, false,
       &D::trip_factor},
      {"overlap_exponent", "1", "q of the smooth maximum; 1000 is a hard one", 1, 1000, false,
       &D::overlap_exponent},
      {"memory_gb", "GB", "device memory", 0.1, 1e5, false, &D::memory_gb},
      {"launch_stream_us", "us", "fixed cost of a kernel queued in a stream", 0, 1000, false,
       &D::launch_stream_us},
      {"launch_graph_us", "us", "fixed cost of a kernel in a replayed graph", 0, 1000, false,
       &D::launch_graph_us},
  }};
  return fields;
}

const DeviceModel& Catalogue::find(std::string_view name) const {
  const auto found =
      std::find_if(devices.begin(), devices.end(), [&](const auto& d) { return d.name == name; });
  if (found != devices.end()) return *found;
  std::string names;
  for (const DeviceModel& device : devices) names += (names.empty() ? "" : ", ") + device.name;
  fail("no device \"{}\" in the catalogue; it has: {}", name, names);
}

DeviceInfo device_info(const DeviceModel& device) {
  constexpr double kib = 1024.0;
  constexpr double mega = 1e6;
  constexpr double giga = 1e9;
  const auto whole = [](double value) { return static_cast<std::int64_t>(std::llround(value)); };
  const auto count = [&](const Parameter& p) { return static_cast<int>(whole(p.value)); };
  return {.name = device.title,
          .compute_capability_major = device.compute_capability_major,
          .compute_capability_minor = device.compute_capability_minor,
          .sm_count = count(device.sm_count),
          .warps_per_sm = count(device.warps_per_sm),
          .registers_per_sm = count(device.registers_per_sm),
          .shared_bytes_per_sm = whole(device.shared_kib_per_sm.value * kib),
          .shared_bytes_per_block = whole(device.shared_kib_per_block.value * kib),
          .l2_bytes = whole(device.l2_mb.value * mega),
          .memory_bytes = whole(device.memory_gb.value * giga)};
}

}  // namespace kvroof::model
