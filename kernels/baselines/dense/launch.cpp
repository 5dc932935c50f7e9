// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/dense/launch.hpp"

#include "kernels/baselines/dense/backends.hpp"
#include "kernels/error.hpp"

namespace kvroof::dense {

void launch(const DenseProblem& problem, const DensePlan& plan, Device& device) {
  validate(problem);
  require(plan.blocks > 0 && plan.warps > 0,
          "dense: the plan has {} blocks of {} warps; use make_plan()", plan.blocks, plan.warps);
  switch (device.backend()) {
    case Backend::kSim: return launch_simt(problem, plan, device);
    case Backend::kCuda:
#if KVROOF_HAS_CUDA
      return launch_cuda(problem, plan, device);
#else
      fail("dense: this build has no CUDA backend");
#endif
  }
}

}  // namespace kvroof::dense
