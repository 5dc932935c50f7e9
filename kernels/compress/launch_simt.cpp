// SPDX-License-Identifier: Apache-2.0
#include "kernels/compress/backends.hpp"
#include "kernels/compress/kernel.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::compress {

void launch_simt(const PackProblem& problem, Device& device) {
  auto& simulator = static_cast<simt::Simulator&>(device);
  with_instance(problem, [&](auto value, auto head_dim, auto operand) {
    using Tile = PackTile<head_dim()>;
    simulator.launch(
        {.kernel_name = operand() == Operand::kKeys ? "pack_keys" : "pack_values",
         .grid = {static_cast<unsigned>(grid_chunks(problem)),
                  static_cast<unsigned>(problem.kv_heads), static_cast<unsigned>(problem.batch)},
         .block_threads = Tile::kThreads,
         .shared_bytes = sizeof(typename Tile::Shared)},
        [&] {
          simt_backend::compress::pack_kernel<decltype(value), head_dim(), operand()>(problem);
        });
  });
}

}  // namespace kvroof::compress
