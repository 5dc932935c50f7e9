// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/mustafar/backends.hpp"
#include "kernels/baselines/mustafar/kernels.cuh"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"

namespace kvroof::mustafar {

void launch_cuda(const Problem& problem, Device& device) {
  const cudaStream_t stream = static_cast<CudaDevice&>(device).stream();
  const auto heads = static_cast<unsigned>(problem.query_heads);
  const auto batch = static_cast<unsigned>(problem.batch);
  with_instance(problem, [&](auto value, auto head_dim) {
    using Value = decltype(value);
    const dim3 key_grid(static_cast<unsigned>(key_blocks(problem.max_kv_len)), heads, batch);
    cuda_backend::mustafar::key_kernel<Value, head_dim()>
        <<<key_grid, 32 * kKeyWarps, kKeySharedBytes, stream>>>(problem);
    KVROOF_CUDA_CHECK(cudaGetLastError());
    cuda_backend::mustafar::softmax_kernel<Value>
        <<<dim3(heads, batch), kSoftmaxThreads, kSoftmaxSharedBytes, stream>>>(problem);
    KVROOF_CUDA_CHECK(cudaGetLastError());
    cuda_backend::mustafar::value_kernel<Value, head_dim()>
        <<<dim3(heads, batch), 32 * value_warps(head_dim()), value_shared_bytes(head_dim()),
           stream>>>(problem);
    KVROOF_CUDA_CHECK(cudaGetLastError());
  });
}

}  // namespace kvroof::mustafar
