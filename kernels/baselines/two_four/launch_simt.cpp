// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/instances.hpp"
#include "kernels/baselines/two_four/backends.hpp"
#include "kernels/baselines/two_four/kernel.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::two_four {

void launch_simt(const attention::DecodeProblem& problem, const attention::DecodePlan& plan,
                 Device& device) {
  auto& simulator = simt::as_simulator(device);
  attention::with_instance(problem, [&](auto value, auto head_dim, auto head_tiles) {
    using Tile = DecodeTile<head_dim(), head_tiles()>;
    simulator.launch(
        {.kernel = "decode_2_4",
         .grid = {plan.blocks, 1, 1},
         .threads = 32 * plan.warps,
         .shared_bytes = plan.shared_bytes},
        [&] { simt_backend::two_four::decode_kernel<decltype(value), Tile>(problem, plan); });
  });
}

}  // namespace kvroof::two_four
