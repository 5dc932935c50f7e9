// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/mustafar/launch.hpp"

#include "kernels/baselines/mustafar/backends.hpp"
#include "kernels/error.hpp"

namespace kvroof::mustafar {

void launch(const Problem& problem, Device& device) {
  validate(problem);
  switch (device.backend()) {
    case Backend::kSim: return launch_simt(problem, device);
    case Backend::kCuda:
#if KVROOF_HAS_CUDA
      return launch_cuda(problem, device);
#else
      fail("mustafar: this build has no CUDA backend");
#endif
  }
}

}  // namespace kvroof::mustafar
