// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/probes/backends.hpp"
#include "kernels/baselines/probes/read.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::probes {

void launch_read_simt(const std::byte* data, int blocks, std::uint32_t impossible,
                      std::uint32_t* sink, Device& device) {
  simt::as_simulator(device).launch(
      {.kernel = "read_probe", .grid = {blocks, 1, 1}, .threads = kReadThreads},
      [&] { simt_backend::probes::read_kernel(data, impossible, sink); });
}

}  // namespace kvroof::probes
