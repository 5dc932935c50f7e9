// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/machine_facts.hpp"

#include <fmt/format.h>

#include <optional>

#include "kernels/baselines/probes/ceilings.hpp"
#include "kernels/cuda/cuda_device.hpp"
#include "profiler/measure/gpu_timer.hpp"
#include "profiler/measure/nvml.hpp"
#if KVROOF_HAS_CUPTI
#include "profiler/cupti/activity.hpp"
#include "profiler/cupti/range_profiler.hpp"
#endif

namespace kvroof::measure {
namespace {

void ask_nvml(int ordinal, MachineFacts& facts) {
  Nvml nvml(pci_bus_id(ordinal));
  facts.nvml_reason = nvml.reason();
  facts.driver_version = nvml.driver_version();
  facts.free_memory_bytes = nvml.free_memory_bytes();
  if (const auto reading = nvml.read()) facts.sm_clock_mhz = reading->sm_mhz;
  facts.max_sm_clock_mhz = nvml.max_sm_clock_mhz();
  facts.throttle_reasons = nvml.throttle_reasons();
  facts.persistence = nvml.persistence();
  facts.ecc = nvml.ecc();
  facts.mig = nvml.mig();
  facts.temperature_c = nvml.temperature_c();
}

#if KVROOF_HAS_CUPTI
void ask_cupti(CudaDevice& device, int ordinal, MachineFacts& facts) {
  const cupti::Library& library = cupti::load();
  facts.cupti_reason = library.reason;
  if (!library.usable()) return;
  std::uint32_t version = 0;
  library.api.cuptiGetVersion(&version);
  facts.cupti_version = fmt::format("{}", version);
  const auto launch = [&] { probes::launch_empty(device); };
  const auto synchronize = [&] { device.synchronize(); };
  const cupti::ActivityResult activity = cupti::record_kernels(library.api, [&] {
    launch();
    synchronize();
  });
  facts.activity_reason = activity.reason;
  facts.activity_remedy = activity.remedy;
  cupti::RangeProfiler profiler(library.api, ordinal, current_context());
  const cupti::Counters counters = profiler.count({[] {}, launch, synchronize});
  facts.counters_reason = counters.reason;
  facts.counters_remedy = counters.remedy;
}
#else
void ask_cupti(CudaDevice&, int, MachineFacts& facts) {
  facts.cupti_reason = "this kvroof was built without CUPTI";
}
#endif

}  // namespace

MachineFacts find_out(int ordinal) {
  MachineFacts facts;
  facts.built_with_cuda = true;
  const CudaAvailability cuda = query_cuda();
  facts.driver_cuda = cuda.driver_version;
  facts.runtime_cuda = cuda.runtime_version;
  facts.num_devices = static_cast<int>(cuda.devices.size());
  std::optional<CudaDevice> device;
  try {
    device.emplace(ordinal);
  } catch (const std::exception& error) {
    facts.no_device_reason = error.what();
    return facts;
  }
  facts.device = device->info().name;
  facts.memory_bytes = static_cast<std::uint64_t>(device->info().memory_bytes);
  try {
    ask_nvml(ordinal, facts);
    ask_cupti(*device, ordinal, facts);
  } catch (const std::exception& error) {
    facts.failure = error.what();
  }
  return facts;
}

}  // namespace kvroof::measure
