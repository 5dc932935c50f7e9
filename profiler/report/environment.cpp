// SPDX-License-Identifier: Apache-2.0
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <ctime>

#include "profiler/report/validation_report.hpp"
#if KVROOF_HAS_CUDA
#include "kernels/cuda/cuda_device.hpp"
#endif

namespace kvroof::report {
namespace {

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown";
}

[[maybe_unused]] std::string cuda_version(int version) {
  constexpr int major = 1000;  // CUDA counts 13.1 as 13010
  return version == 0 ? "" : fmt::format("{}.{}", version / major, version % major / 10);
}

}  // namespace

Environment describe_environment(const Device& device, const std::vector<std::string>& argv) {
  Environment environment;
  environment.backend = to_string(device.backend());
  environment.device = device.info().name;
#if KVROOF_HAS_CUDA
  const CudaAvailability cuda = query_cuda();
  environment.driver = cuda_version(cuda.driver_version);
  environment.runtime = cuda_version(cuda.runtime_version);
#endif
  environment.host = host_name();
  environment.utc_time = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  environment.argv = argv;
  return environment;
}

}  // namespace kvroof::report
