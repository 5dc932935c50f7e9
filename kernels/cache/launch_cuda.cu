// SPDX-License-Identifier: Apache-2.0
#include "kernels/cache/backends.hpp"
#include "kernels/cache/kernel.cuh"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"

namespace kvroof::cache {

void append_cuda(const AppendProblem& problem, Device& device) {
  const cudaStream_t stream = static_cast<CudaDevice&>(device).stream();
  cuda_backend::cache::
      append_kernel<<<static_cast<unsigned>(problem.to.batch), kThreads, 0, stream>>>(problem);
  KVROOF_CUDA_CHECK(cudaGetLastError());
}

void adopt_cuda(const AdoptProblem& problem, Device& device) {
  const cudaStream_t stream = static_cast<CudaDevice&>(device).stream();
  const dim3 grid(static_cast<unsigned>(adopt_blocks(problem)),
                  static_cast<unsigned>(problem.to.kv_heads),
                  static_cast<unsigned>(problem.to.batch));
  cuda_backend::cache::adopt_kernel<<<grid, kThreads, 0, stream>>>(problem);
  KVROOF_CUDA_CHECK(cudaGetLastError());
}

}  // namespace kvroof::cache
