// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/cublas/softmax.cuh"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"

namespace kvroof::cublas {

void launch_softmax(const Problem& problem, Device& device) {
  constexpr std::size_t shared_bytes = kSoftmaxThreads / 32 * sizeof(float);
  const auto kernel = problem.value_type == ValueType::kF16
                          ? cuda_backend::cublas::softmax_kernel<Half>
                          : cuda_backend::cublas::softmax_kernel<BFloat16>;
  kernel<<<static_cast<unsigned>(problem.batch * problem.query_heads), kSoftmaxThreads,
           shared_bytes, static_cast<CudaDevice&>(device).stream()>>>(problem);
  KVROOF_CUDA_CHECK(cudaGetLastError());
}

}  // namespace kvroof::cublas
