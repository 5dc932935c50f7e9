// SPDX-License-Identifier: Apache-2.0
#include "kernels/compress/backends.hpp"
#include "kernels/compress/kernel.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::compress {

void launch_simt(const PackProblem& problem, Device& device) {
  auto& simulator = simt::as_simulator(device);
  with_instance(problem, [&](auto head_dim, auto operand) {
    using Tile = PackTile<head_dim()>;
    namespace kernels = simt_backend::compress;
    const bool keys = operand() == Operand::kKeys;
    if (problem.offsets != nullptr) {
      simulator.launch({.kernel = keys ? "size_keys" : "size_values",
                        .grid = {problem.chunk_capacity + 1, problem.kv_heads, problem.batch},
                        .threads = Tile::kThreads,
                        .shared_bytes = sizeof(typename Tile::SizeShared)},
                       [&] { kernels::size_kernel<head_dim(), operand()>(problem); });
      simulator.launch({.kernel = "scan_sizes",
                        .grid = {1, 1, 1},
                        .threads = kScanThreads,
                        .shared_bytes = sizeof(ScanShared)},
                       [&] { kernels::scan_kernel(problem.offsets, offset_count(problem)); });
    }
    if (grid_chunks(problem) <= 0) return;
    simulator.launch({.kernel = keys ? "pack_keys" : "pack_values",
                      .grid = {grid_chunks(problem), problem.kv_heads, problem.batch},
                      .threads = Tile::kThreads,
                      .shared_bytes = sizeof(typename Tile::Shared)},
                     [&] { kernels::pack_kernel<head_dim(), operand()>(problem); });
  });
}

}  // namespace kvroof::compress
