// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/ceilings.hpp"

#include <fmt/format.h>

#include "traces/ceilings.hpp"

namespace kvroof::model {
namespace {

using traces::Roof;
using traces::RoofKind;
using traces::RoofLevel;

constexpr double kGiga = 1e9;
constexpr double kTera = 1e12;
constexpr double kMega = 1e6;
constexpr double kNsPerUs = 1e3;
constexpr double kNsPerS = 1e9;
constexpr double kWavefrontBytes = 128;

/// `scale` turns the parameter's unit into that of the level.
Roof roof(RoofLevel level, const char* name, const Parameter& parameter, double scale) {
  return {.level = level,
          .kind = parameter.confidence == Confidence::kMeasured ? RoofKind::measured
                                                                : RoofKind::theoretical,
          .name = name,
          .value = parameter.value * scale,
          .source = parameter.source,
          .date = parameter.date};
}

/// A rate per SM and clock, over all SMs at the clock of the catalogue.
Roof all_sms(RoofLevel level, const char* name, const Parameter& per_clk, double unit,
             const DeviceModel& device) {
  Roof all =
      roof(level, name, per_clk, unit * device.sm_count.value * device.sm_clock_mhz.value * kMega);
  all.sm_clock_mhz = device.sm_clock_mhz.value;
  return all;
}

double roof_ns(std::uint64_t bytes, const Roof& roof) {
  return static_cast<double>(bytes) / roof.value * kNsPerS;
}

}  // namespace

traces::Ceilings ceilings_of(const DeviceModel& device) {
  traces::Ceilings ceilings{.device = device.driver_name};
  ceilings.roofs = {roof(RoofLevel::dram, "data sheet", device.dram_gb_per_s, kGiga),
                    roof(RoofLevel::l2, "read", device.l2_gb_per_s, kGiga),
                    all_sms(RoofLevel::shared, "wavefronts", device.shared_wavefronts_per_clk,
                            kWavefrontBytes, device),
                    roof(RoofLevel::tensor, "mma, dense", device.tensor_tflops, kTera),
                    all_sms(RoofLevel::instruction, "issue", device.issue_per_clk, 1, device),
                    roof(RoofLevel::launch, "graph replay", device.launch_graph_us, kNsPerUs)};
  if (device.dram_efficiency.confidence == Confidence::kMeasured) {
    ceilings.roofs.push_back(roof(RoofLevel::dram, "read probe", device.dram_efficiency,
                                  device.dram_gb_per_s.value * kGiga));
  }
  return ceilings;
}

const DeviceModel* find_by_driver_name(const Catalogue& catalogue, std::string_view driver_name) {
  for (const DeviceModel& device : catalogue.devices) {
    if (!driver_name.empty() && device.driver_name == driver_name) return &device;
  }
  return nullptr;
}

std::vector<traces::NamedTime> floors(const traces::Bytes& bytes,
                                      const traces::Ceilings& ceilings) {
  std::vector<traces::NamedTime> times;
  for (const RoofKind kind : {RoofKind::measured, RoofKind::theoretical}) {
    const Roof* dram = traces::best_roof(ceilings, RoofLevel::dram, kind);
    if (dram != nullptr) {
      times.push_back({fmt::format("dram_compressed_{}", name_of(kind)),
                       roof_ns(traces::compressed_bytes(bytes), *dram)});
      times.push_back({fmt::format("dram_dense_{}", name_of(kind)), roof_ns(bytes.dense, *dram)});
    }
  }
  for (const Roof& each : ceilings.roofs) {
    if (each.level == RoofLevel::launch) times.push_back({"launch", each.value});
  }
  return times;
}

}  // namespace kvroof::model
