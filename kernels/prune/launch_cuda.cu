// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"
#include "kernels/prune/backends.hpp"
#include "kernels/prune/kernel.cuh"
#include "kernels/prune/weights_kernel.cuh"

namespace kvroof::prune {
namespace {

namespace device_code = cuda_backend::prune;

template <class Value, int HeadDim>
struct Launches {
  using Tile = PruneTile<HeadDim>;
  const PruneProblem& problem;
  cudaStream_t stream;

  template <class Kernel, class... Rest>
  void run(Kernel* kernel, int blocks_x, int threads, std::size_t shared_bytes,
           Rest... rest) const {
    KVROOF_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                           static_cast<int>(shared_bytes)));
    const dim3 grid(static_cast<unsigned>(blocks_x), static_cast<unsigned>(problem.kv_heads),
                    static_cast<unsigned>(problem.batch));
    kernel<<<grid, static_cast<unsigned>(threads), shared_bytes, stream>>>(problem, rest...);
    KVROOF_CUDA_CHECK(cudaGetLastError());
  }
  void keep_dense(int blocks_x) const {
    run(device_code::keep_dense_kernel<HeadDim>, blocks_x, kDenseThreads, 0);
  }
  void sum_queries() const { run(device_code::sum_queries_kernel<Value, HeadDim>, 1, HeadDim, 0); }
  void magnitudes(int blocks_x) const {
    run(device_code::prune_magnitudes_kernel<Value, HeadDim>, blocks_x, Tile::kRowThreads, 0);
  }
  void rows(int blocks_x, bool weighted) const {
    const auto kernel = weighted
                            ? device_code::prune_rows_kernel<Value, HeadDim, cuda_backend::U32x2>
                            : device_code::prune_rows_kernel<Value, HeadDim, cuda_backend::U32>;
    run(kernel, blocks_x, Tile::kRowThreads, Tile::row_bytes(weighted ? 8 : 4), competing(problem));
  }
  void groups(int blocks_x, bool weighted) const {
    const auto kernel = weighted
                            ? device_code::prune_groups_kernel<Value, HeadDim, cuda_backend::U32x2>
                            : device_code::prune_groups_kernel<Value, HeadDim, cuda_backend::U32>;
    run(kernel, blocks_x, HeadDim, Tile::group_bytes(weighted ? 8 : 4), competing(problem));
  }
  void channels() const {
    run(device_code::prune_channels_kernel<Value, HeadDim>, 1, HeadDim,
        sizeof(typename Tile::ChannelsShared));
  }
};

}  // namespace

void launch_cuda(const PruneProblem& problem, Device& device) {
  const cudaStream_t stream = static_cast<CudaDevice&>(device).stream();
  with_instance(problem, [&](auto value, auto head_dim) {
    for_each_launch<head_dim()>(problem, Launches<decltype(value), head_dim()>{problem, stream});
  });
}

void launch_cuda(const WeightsProblem& problem, Device& device) {
  const cudaStream_t stream = static_cast<CudaDevice&>(device).stream();
  const auto grid = [&](int blocks_x) {
    return dim3(static_cast<unsigned>(blocks_x), static_cast<unsigned>(problem.kv_heads),
                static_cast<unsigned>(problem.batch));
  };
  with_instance(problem, [&](auto value, auto head_dim) {
    using Value = decltype(value);
    device_code::softmax_sums_kernel<Value, head_dim()>
        <<<grid(problem.head_queries()), kWeightsThreads, kWeightsSharedBytes, stream>>>(problem);
    KVROOF_CUDA_CHECK(cudaGetLastError());
    device_code::sum_weights_kernel<Value, head_dim()>
        <<<grid(pieces(problem.max_kv_len, kWeightsThreads)), kWeightsThreads, 0, stream>>>(
            problem);
    KVROOF_CUDA_CHECK(cudaGetLastError());
  });
}

}  // namespace kvroof::prune
