// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/dense/backends.hpp"
#include "kernels/baselines/dense/instances.hpp"
#include "kernels/baselines/dense/kernel.cuh"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"

namespace kvroof::dense {

void launch_cuda(const DenseProblem& problem, const DensePlan& plan, Device& device) {
  const cudaStream_t stream = static_cast<CudaDevice&>(device).stream();
  with_instance(problem, [&](auto value, auto tile) {
    const auto kernel = cuda_backend::dense::dense_kernel<decltype(value), decltype(tile)>;
    KVROOF_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                           static_cast<int>(plan.shared_bytes)));
    kernel<<<static_cast<unsigned>(plan.blocks), static_cast<unsigned>(32 * plan.warps),
             static_cast<std::size_t>(plan.shared_bytes), stream>>>(problem, plan);
    KVROOF_CUDA_CHECK(cudaGetLastError());
  });
}

}  // namespace kvroof::dense
