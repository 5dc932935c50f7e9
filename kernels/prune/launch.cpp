// SPDX-License-Identifier: Apache-2.0
#include "kernels/prune/launch.hpp"

#include "kernels/error.hpp"
#include "kernels/prune/backends.hpp"

namespace kvroof::prune {
namespace {

template <class Problem>
void launch_on(const Problem& problem, Device& device) {
  validate(problem);
  if (problem.max_kv_len == 0) return;
  switch (device.backend()) {
    case Backend::kSim: return launch_simt(problem, device);
    case Backend::kCuda:
#if KVROOF_HAS_CUDA
      return launch_cuda(problem, device);
#else
      fail("prune: this build has no CUDA backend");
#endif
  }
}

}  // namespace

void launch(const PruneProblem& problem, Device& device) { launch_on(problem, device); }
void launch(const WeightsProblem& problem, Device& device) { launch_on(problem, device); }

}  // namespace kvroof::prune
