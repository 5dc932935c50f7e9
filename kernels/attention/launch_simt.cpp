// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/backends.hpp"
#include "kernels/attention/instances.hpp"
#include "kernels/attention/kernel.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::attention {

void launch_simt(const DecodeProblem& problem, const DecodePlan& plan, Device& device) {
  auto& simulator = static_cast<simt::Simulator&>(device);
  with_instance(problem, [&](auto value, auto head_dim) {
    simulator.launch({.kernel_name = "decode",
                      .grid = {static_cast<unsigned>(plan.blocks), 1, 1},
                      .block_threads = 32 * plan.warps,
                      .shared_bytes = static_cast<std::size_t>(plan.shared_bytes)},
                     [&] {
                       simt_backend::attention::decode_kernel<decltype(value), head_dim()>(problem,
                                                                                           plan);
                     });
  });
}

}  // namespace kvroof::attention
