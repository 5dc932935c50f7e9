// SPDX-License-Identifier: Apache-2.0
#include "kernels/cache/backends.hpp"
#include "kernels/cache/kernel.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::cache {

void append_simt(const AppendProblem& problem, Device& device) {
  simt::as_simulator(device).launch(
      {.kernel = "append", .grid = {problem.to.batch, 1, 1}, .threads = kThreads},
      [&] { simt_backend::cache::append_kernel(problem); });
}

void adopt_simt(const AdoptProblem& problem, Device& device) {
  simt::as_simulator(device).launch(
      {.kernel = "adopt",
       .grid = {adopt_blocks(problem), problem.to.kv_heads, problem.to.batch},
       .threads = kThreads},
      [&] { simt_backend::cache::adopt_kernel(problem); });
}

}  // namespace kvroof::cache
