// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <fstream>

#include "kvroof_version.hpp"
#include "profiler/report/validation_report.hpp"
#include "profiler/sweep/record.hpp"

namespace kvroof::sweep {
namespace {

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string compiler_name() {
#if defined(__clang__)
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::optional<std::string> if_known(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

traces::Environment describe_run(const Device& device, const std::vector<std::string>& argv) {
  const report::Environment known = report::describe_environment(device, argv);
  const DeviceInfo& info = device.info();
  const bool simulated = device.backend() == Backend::kSim;
  traces::Environment environment;
  environment.device = {
      .name = info.name,
      .compute_capability =
          fmt::format("{}.{}", info.compute_capability_major, info.compute_capability_minor),
      .num_sms = info.sm_count,
      .memory_bytes = static_cast<std::uint64_t>(info.memory_bytes),
      .l2_bytes = static_cast<std::uint64_t>(info.l2_bytes),
      .shared_bytes_per_sm = static_cast<std::uint64_t>(info.shared_bytes_per_sm)};
  if (!simulated) {
    environment.driver_version = if_known(known.driver);
    environment.cuda_runtime_version = if_known(known.runtime);
  }
  environment.kvroof_version = kVersion;
  environment.git_revision = kGitRevision;
  environment.git_dirty = kGitDirty;
  environment.compiler = compiler_name();
  environment.argv = argv;
  environment.host = known.host;
  environment.cpu = cpu_name();
  environment.utc_time = known.utc_time;
  environment.l2_policy = simulated ? "not applicable" : "not timed";
  return environment;
}

}  // namespace kvroof::sweep
