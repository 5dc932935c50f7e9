// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/rivals.hpp"

namespace kvroof::model {

double streaming_bound_us(double bytes, const DeviceModel& device, LaunchMode launch) {
  constexpr double us_per_gb_per_s = 1e-3;  // bytes / (GB/s) is ns
  const Parameter& cost =
      launch == LaunchMode::kGraph ? device.launch_graph_us : device.launch_stream_us;
  const double gb_per_s = device.dram_efficiency.value * device.dram_gb_per_s.value;
  return cost.value + bytes / gb_per_s * us_per_gb_per_s;
}

}  // namespace kvroof::model
