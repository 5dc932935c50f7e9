// SPDX-License-Identifier: Apache-2.0
#include "kernels/compress/backends.hpp"
#include "kernels/compress/kernel.cuh"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"

namespace kvroof::compress {

void launch_cuda(const PackProblem& problem, Device& device) {
  const cudaStream_t stream = static_cast<CudaDevice&>(device).stream();
  with_instance(problem, [&](auto head_dim, auto operand) {
    using Tile = PackTile<head_dim()>;
    namespace kernels = cuda_backend::compress;
    const auto launch = [&](auto kernel, int blocks_x, std::size_t shared_bytes) {
      KVROOF_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                             static_cast<int>(shared_bytes)));
      const dim3 grid(static_cast<unsigned>(blocks_x), static_cast<unsigned>(problem.kv_heads),
                      static_cast<unsigned>(problem.batch));
      kernel<<<grid, Tile::kThreads, shared_bytes, stream>>>(problem);
      KVROOF_CUDA_CHECK(cudaGetLastError());
    };
    if (problem.offsets != nullptr) {
      launch(kernels::size_kernel<head_dim(), operand()>, problem.chunk_capacity + 1,
             sizeof(typename Tile::SizeShared));
      kernels::scan_kernel<<<1, kScanThreads, sizeof(ScanShared), stream>>>(problem.offsets,
                                                                            offset_count(problem));
      KVROOF_CUDA_CHECK(cudaGetLastError());
    }
    if (grid_chunks(problem) > 0) {
      launch(kernels::pack_kernel<head_dim(), operand()>, grid_chunks(problem),
             sizeof(typename Tile::Shared));
    }
  });
}

}  // namespace kvroof::compress
