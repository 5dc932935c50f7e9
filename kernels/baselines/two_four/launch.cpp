// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/two_four/launch.hpp"

#include "kernels/baselines/two_four/backends.hpp"
#include "kernels/error.hpp"

namespace kvroof::two_four {

void validate(const attention::DecodeProblem& problem) {
  require(problem.keys.offsets == nullptr && problem.values.offsets == nullptr,
          "2:4 decode: chunks stand at a constant stride; offsets must be null");
  require(problem.keys.kept == problem.head_dim / 2 && problem.values.kept == problem.head_dim / 2,
          "2:4 decode: keys and values keep half of head_dim ({}), got {} and {}",
          problem.head_dim / 2, problem.keys.kept, problem.values.kept);
  attention::validate(problem);
}

void launch(const attention::DecodeProblem& problem, const attention::DecodePlan& plan,
            Device& device) {
  two_four::validate(problem);
  require(plan.blocks > 0 && plan.warps > 0 && plan.shared_bytes > 0,
          "2:4 decode: the plan has {} blocks of {} warps with {} bytes of shared memory; use "
          "make_plan()",
          plan.blocks, plan.warps, plan.shared_bytes);
  switch (device.backend()) {
    case Backend::kSim: return launch_simt(problem, plan, device);
    case Backend::kCuda:
#if KVROOF_HAS_CUDA
      return launch_cuda(problem, plan, device);
#else
      fail("2:4 decode: this build has no CUDA backend");
#endif
  }
}

}  // namespace kvroof::two_four
