// SPDX-License-Identifier: Apache-2.0
#include "profiler/cli/backend_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "profiler/cli/backend.hpp"

namespace kvroof::cli {

void add_backend_options(CLI::App& command, BackendOptions& options) {
  command
      .add_option("--backend", options.backend, "auto (cuda where usable, else sim), sim or cuda")
      ->check(CLI::IsMember({"auto", "sim", "cuda"}))
      ->capture_default_str();
  constexpr int most_devices = 1024;
  command.add_option("--device", options.device, "Number of the CUDA device")
      ->check(CLI::Range(0, most_devices - 1))
      ->capture_default_str();
}

std::unique_ptr<Device> open_device(const BackendOptions& options) {
  const BackendChoice choice = options.backend == "sim"    ? BackendChoice::kSim
                               : options.backend == "cuda" ? BackendChoice::kCuda
                                                           : BackendChoice::kAuto;
  std::unique_ptr<Device> device = open_device(choice, options.device);
  if (choice == BackendChoice::kAuto && device->backend() == Backend::kSim) {
    fmt::print(stderr, "kvroof: on the simulator, since CUDA cannot be used here: {}\n",
               why_no_cuda());
  }
  return device;
}

}  // namespace kvroof::cli
