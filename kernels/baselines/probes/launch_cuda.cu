// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/probes/backends.hpp"
#include "kernels/baselines/probes/read.cuh"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"

namespace kvroof::probes {

void launch_read_cuda(const std::byte* data, int blocks, std::uint32_t impossible,
                      std::uint32_t* sink, Device& device) {
  cuda_backend::probes::read_kernel<<<static_cast<unsigned>(blocks), kReadThreads, 0,
                                      static_cast<CudaDevice&>(device).stream()>>>(data, impossible,
                                                                                   sink);
  KVROOF_CUDA_CHECK(cudaGetLastError());
}

}  // namespace kvroof::probes
