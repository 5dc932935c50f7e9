// SPDX-License-Identifier: Apache-2.0
#include "profiler/cli/backend.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "kernels/simt/simulator.hpp"
#if KVROOF_HAS_CUDA
#include "kernels/cuda/cuda_device.hpp"
#endif

namespace kvroof::cli {

std::string why_no_cuda() {
#if KVROOF_HAS_CUDA
  return query_cuda().reason;
#else
  return "this kvroof was built without CUDA";
#endif
}

std::unique_ptr<Device> open_device(BackendChoice choice, [[maybe_unused]] int ordinal) {
  if (choice == BackendChoice::kSim) return std::make_unique<simt::Simulator>();
  const std::string reason = why_no_cuda();
  if (!reason.empty()) {
    if (choice == BackendChoice::kAuto) return std::make_unique<simt::Simulator>();
    throw std::runtime_error(
        fmt::format("--backend cuda cannot be used here: {}; --backend sim can", reason));
  }
#if KVROOF_HAS_CUDA
  return std::make_unique<CudaDevice>(ordinal);
#else
  throw std::logic_error("a build without CUDA always has a reason");
#endif
}

}  // namespace kvroof::cli
