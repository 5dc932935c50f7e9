// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/dense/backends.hpp"
#include "kernels/baselines/dense/instances.hpp"
#include "kernels/baselines/dense/kernel.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::dense {

void launch_simt(const DenseProblem& problem, const DensePlan& plan, Device& device) {
  auto& simulator = simt::as_simulator(device);
  const char* name = problem.reduced_keys.channels > 0 ? "think" : "dense";
  with_instance(problem, [&](auto value, auto tile) {
    simulator.launch(
        {.kernel = name,
         .grid = {plan.blocks, 1, 1},
         .threads = 32 * plan.warps,
         .shared_bytes = plan.shared_bytes},
        [&] { simt_backend::dense::dense_kernel<decltype(value), decltype(tile)>(problem, plan); });
  });
}

}  // namespace kvroof::dense
