// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/backends.hpp"
#include "kernels/attention/instances.hpp"
#include "kernels/attention/kernel.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::attention {

void launch_simt(const DecodeProblem& problem, const DecodePlan& plan, Device& device) {
  auto& simulator = static_cast<simt::Simulator&>(device);
  const auto batch = static_cast<unsigned>(problem.batch);
  with_instance(problem, [&](auto value, auto head_dim) {
    using Value = decltype(value);
    using Tile = DecodeTile<head_dim()>;
    simulator.launch(
        {.kernel_name = "decode",
         .grid = {static_cast<unsigned>(plan.partials()), static_cast<unsigned>(problem.kv_heads),
                  batch},
         .block_threads = Tile::kThreads,
         .shared_bytes = static_cast<std::size_t>(plan.shared_bytes)},
        [&] { simt_backend::attention::decode_kernel<Value, head_dim()>(problem, plan); });
    simulator.launch(
        {.kernel_name = "merge",
         .grid = {static_cast<unsigned>(problem.query_heads), batch, 1},
         .block_threads = simt_backend::attention::kMergeThreads,
         .shared_bytes = 0},
        [&] { simt_backend::attention::merge_kernel<Value, head_dim()>(problem, plan); });
  });
}

}  // namespace kvroof::attention
