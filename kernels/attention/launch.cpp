// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/launch.hpp"

#include "kernels/attention/backends.hpp"
#include "kernels/error.hpp"

namespace kvroof::attention {

void launch(const DecodeProblem& problem, const DecodePlan& plan, Device& device) {
  validate(problem);
  require(plan.blocks > 0 && plan.warps > 0 && plan.lines > 0,
          "attention: the plan has {} blocks of {} warps with {} lines; use make_plan()",
          plan.blocks, plan.warps, plan.lines);
  switch (device.backend()) {
    case Backend::kSim: return launch_simt(problem, plan, device);
    case Backend::kCuda:
#if KVROOF_HAS_CUDA
      return launch_cuda(problem, plan, device);
#else
      fail("attention: this build has no CUDA backend");
#endif
  }
}

}  // namespace kvroof::attention
