// SPDX-License-Identifier: Apache-2.0
#include "kernels/compress/launch.hpp"

#include "kernels/compress/backends.hpp"
#include "kernels/error.hpp"

namespace kvroof::compress {

void launch(const PackProblem& problem, Device& device) {
  validate(problem);
  // Every token is still in the window, or packed already. Offsets are written all the same.
  if (grid_chunks(problem) <= 0 && problem.offsets == nullptr) return;
  switch (device.backend()) {
    case Backend::kSim: return launch_simt(problem, device);
    case Backend::kCuda:
#if KVROOF_HAS_CUDA
      return launch_cuda(problem, device);
#else
      fail("pack: this build has no CUDA backend");
#endif
  }
}

}  // namespace kvroof::compress
