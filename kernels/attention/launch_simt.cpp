// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/backends.hpp"
#include "kernels/attention/instances.hpp"
#include "kernels/attention/kernel.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::attention {

void launch_simt(const DecodeProblem& problem, const DecodePlan& plan, Device& device) {
  auto& simulator = simt::as_simulator(device);
  with_instance(problem, [&](auto value, auto head_dim, auto head_tiles) {
    using Tile = DecodeTile<head_dim(), head_tiles()>;
    simulator.launch(
        {.kernel = "decode",
         .grid = {plan.blocks, 1, 1},
         .threads = 32 * plan.warps,
         .shared_bytes = plan.shared_bytes},
        [&] { simt_backend::attention::decode_kernel<decltype(value), Tile>(problem, plan); });
  });
}

}  // namespace kvroof::attention
