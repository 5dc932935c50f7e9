// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/launch.hpp"

#include "kernels/attention/backends.hpp"
#include "kernels/error.hpp"

namespace kvroof::attention {

void launch(const DecodeProblem& problem, const DecodePlan& plan, Device& device) {
  validate(problem);
  require(plan.splits > 0 && plan.chunks_per_split > 0,
          "attention: the plan has {} splits of {} chunks; use make_plan()", plan.splits,
          plan.chunks_per_split);
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
