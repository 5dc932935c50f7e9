// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/backends.hpp"
#include "kernels/attention/instances.hpp"
#include "kernels/attention/kernel.cuh"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"

namespace kvroof::attention {

void launch_cuda(const DecodeProblem& problem, const DecodePlan& plan, Device& device) {
  const cudaStream_t stream = static_cast<CudaDevice&>(device).stream();
  with_instance(problem, [&](auto value, auto head_dim, auto head_tiles) {
    using Tile = DecodeTile<head_dim(), head_tiles()>;
    const auto kernel = cuda_backend::attention::decode_kernel<decltype(value), Tile>;
    KVROOF_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                           static_cast<int>(plan.shared_bytes)));
    kernel<<<static_cast<unsigned>(plan.blocks), static_cast<unsigned>(32 * plan.warps),
             static_cast<std::size_t>(plan.shared_bytes), stream>>>(problem, plan);
    KVROOF_CUDA_CHECK(cudaGetLastError());
  });
}

}  // namespace kvroof::attention
