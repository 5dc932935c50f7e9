// SPDX-License-Identifier: Apache-2.0
#include "kernels/compress/backends.hpp"
#include "kernels/compress/kernel.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::compress {

void launch_simt(const PackProblem& problem, Device& device) {
  auto& simulator = simt::as_simulator(device);
  with_instance(problem, [&](auto value, auto head_dim, auto operand) {
    using Tile = PackTile<head_dim()>;
    simulator.launch(
        {.kernel = operand() == Operand::kKeys ? "pack_keys" : "pack_values",
         .grid = {grid_chunks(problem), problem.kv_heads, problem.batch},
         .threads = Tile::kThreads,
         .shared_bytes = sizeof(typename Tile::Shared)},
        [&] {
          simt_backend::compress::pack_kernel<decltype(value), head_dim(), operand()>(problem);
        });
  });
}

}  // namespace kvroof::compress
