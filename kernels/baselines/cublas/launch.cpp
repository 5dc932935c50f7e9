// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/cublas/launch.hpp"

#include "kernels/baselines/cublas/backends.hpp"
#include "kernels/error.hpp"

namespace kvroof::cublas {

std::string why_unavailable(Backend backend) {
  if (backend != Backend::kCuda) return "cuBLAS runs on CUDA only";
#if KVROOF_HAS_CUBLAS
  return why_no_library();
#else
  return "this program was built without cuBLAS's headers";
#endif
}

void launch(const Problem& problem, Device& device) {
  validate(problem);
  const std::string reason = why_unavailable(device.backend());
  if (!reason.empty()) throw std::runtime_error("cublas: " + reason);
#if KVROOF_HAS_CUBLAS
  launch_cuda(problem, device);
#endif
}

}  // namespace kvroof::cublas
