// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/mustafar/backends.hpp"
#include "kernels/baselines/mustafar/kernels.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::mustafar {

void launch_simt(const Problem& problem, Device& device) {
  auto& simulator = simt::as_simulator(device);
  with_instance(problem, [&](auto value, auto head_dim) {
    using Value = decltype(value);
    simulator.launch({.kernel = "mustafar_keys",
                      .grid = {key_blocks(problem.max_kv_len), problem.query_heads, problem.batch},
                      .threads = 32 * kKeyWarps,
                      .shared_bytes = kKeySharedBytes},
                     [&] { simt_backend::mustafar::key_kernel<Value, head_dim()>(problem); });
    simulator.launch({.kernel = "mustafar_softmax",
                      .grid = {problem.query_heads, problem.batch, 1},
                      .threads = kSoftmaxThreads,
                      .shared_bytes = kSoftmaxSharedBytes},
                     [&] { simt_backend::mustafar::softmax_kernel<Value>(problem); });
    simulator.launch({.kernel = "mustafar_values",
                      .grid = {problem.query_heads, problem.batch, 1},
                      .threads = 32 * value_warps(head_dim()),
                      .shared_bytes = value_shared_bytes(head_dim())},
                     [&] { simt_backend::mustafar::value_kernel<Value, head_dim()>(problem); });
  });
}

}  // namespace kvroof::mustafar
