// SPDX-License-Identifier: Apache-2.0
#include "kernels/compress/backends.hpp"
#include "kernels/compress/kernel.cuh"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"

namespace kvroof::compress {

void launch_cuda(const PackProblem& problem, Device& device) {
  const cudaStream_t stream = static_cast<CudaDevice&>(device).stream();
  with_instance(problem, [&](auto value, auto head_dim, auto operand) {
    using Tile = PackTile<head_dim()>;
    const auto kernel = cuda_backend::compress::pack_kernel<decltype(value), head_dim(), operand()>;
    constexpr std::size_t shared_bytes = sizeof(typename Tile::Shared);
    KVROOF_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                           static_cast<int>(shared_bytes)));
    const dim3 grid(static_cast<unsigned>(grid_chunks(problem)),
                    static_cast<unsigned>(problem.kv_heads), static_cast<unsigned>(problem.batch));
    kernel<<<grid, Tile::kThreads, shared_bytes, stream>>>(problem);
    KVROOF_CUDA_CHECK(cudaGetLastError());
  });
}

}  // namespace kvroof::compress
