// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "kernels/simt/simulator.hpp"
#include "profiler/cli/backend.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/output.hpp"
#if KVROOF_HAS_CUDA
#include "kernels/cuda/cuda_device.hpp"
#endif

namespace kvroof::cli {
namespace {

std::string device_line(const DeviceInfo& device) {
  constexpr std::int64_t kib = 1024;
  return fmt::format(
      "{}, compute capability {}.{}, {} SMs, {} KiB shared per block, {:.1f} GiB", device.name,
      device.compute_capability_major, device.compute_capability_minor, device.sm_count,
      device.shared_bytes_per_block / kib,
      static_cast<double>(device.memory_bytes) / static_cast<double>(kib * kib * kib));
}

std::string list_devices() {
  const simt::Simulator simulator;
  std::string text =
      fmt::format("sim     usable   simulates the kernels on this CPU, with the limits of {}\n",
                  device_line(simulator.info()));
  if (const std::string reason = why_no_cuda(); !reason.empty()) {
    return text + fmt::format("cuda    not here {}\n", reason);
  }
#if KVROOF_HAS_CUDA
  const CudaAvailability cuda = query_cuda();
  for (std::size_t ordinal = 0; ordinal < cuda.devices.size(); ++ordinal) {
    text += fmt::format("cuda {:<2} usable   {}\n", ordinal, device_line(cuda.devices[ordinal]));
  }
#endif
  return text;
}

}  // namespace

void add_devices_command(CLI::App& app, Invocation&) {
  CLI::App* command =
      app.add_subcommand("devices", "List what kernels can run on here, and why not on the rest");
  command->callback([] { write_output("-", list_devices()); });
}

}  // namespace kvroof::cli
