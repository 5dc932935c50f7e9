// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/backends.hpp"
#include "kernels/attention/instances.hpp"
#include "kernels/attention/kernel.cuh"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"

namespace kvroof::attention {

void launch_cuda(const DecodeProblem& problem, const DecodePlan& plan, Device& device) {
  const cudaStream_t stream = static_cast<CudaDevice&>(device).stream();
  const auto batch = static_cast<unsigned>(problem.batch);
  with_instance(problem, [&](auto value, auto head_dim) {
    using Value = decltype(value);
    using Tile = DecodeTile<head_dim()>;
    const auto decode = cuda_backend::attention::decode_kernel<Value, head_dim()>;
    KVROOF_CUDA_CHECK(cudaFuncSetAttribute(decode, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                           static_cast<int>(plan.shared_bytes)));
    const dim3 grid(static_cast<unsigned>(plan.partials()), static_cast<unsigned>(problem.kv_heads),
                    batch);
    decode<<<grid, Tile::kThreads, static_cast<std::size_t>(plan.shared_bytes), stream>>>(problem,
                                                                                          plan);
    KVROOF_CUDA_CHECK(cudaGetLastError());
    const dim3 merge_grid(static_cast<unsigned>(problem.query_heads), batch);
    cuda_backend::attention::merge_kernel<Value, head_dim()>
        <<<merge_grid, cuda_backend::attention::kMergeThreads, 0, stream>>>(problem, plan);
    KVROOF_CUDA_CHECK(cudaGetLastError());
  });
}

}  // namespace kvroof::attention
