// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <stdexcept>

#include "kernels/baselines/cublas/backends.hpp"
#include "kernels/baselines/cublas/library.hpp"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"

namespace kvroof::cublas {
namespace {

void check(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw std::runtime_error(
      fmt::format("cublas: {} failed: {}", what, load().cublasGetStatusString(status)));
}

/// The handle of this thread and its current device, opened once and kept until the program ends.
cublasHandle_t handle_of_device() {
  thread_local std::map<int, cublasHandle_t> handles;
  int ordinal = 0;
  KVROOF_CUDA_CHECK(cudaGetDevice(&ordinal));
  cublasHandle_t& handle = handles[ordinal];
  if (handle == nullptr) {
    check(load().cublasCreate_v2(&handle), "cublasCreate");
    // Sums of a product that is split stay F32: in f16 the scaled weights would overflow.
    check(load().cublasSetMathMode(handle, CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION),
          "cublasSetMathMode");
  }
  return handle;
}

cudaDataType_t type_of(ValueType type) {
  return type == ValueType::kF16 ? CUDA_R_16F : CUDA_R_16BF;
}

/// scores [group, kv_len] = scale x queries [group, head_dim] x keys^T of every sequence and kv
/// head. cuBLAS counts by columns: what is [rows, columns] here is [columns, rows] there.
void multiply_keys(cublasHandle_t handle, const Problem& p) {
  const Workspace workspace(p);
  const float beta = 0.0f;
  const cudaDataType_t type = type_of(p.value_type);
  const std::int64_t group = p.group_size(), dim = p.head_dim, stride = workspace.stride;
  check(load().cublasGemmStridedBatchedEx_64(
            handle, CUBLAS_OP_T, CUBLAS_OP_N, p.kv_len, group, dim, &p.softmax_scale, p.keys, type,
            dim, p.capacity * dim, p.queries, type, dim, group * dim, &beta,
            workspace.scores(p.workspace), CUDA_R_32F, stride, group * stride,
            std::int64_t{p.batch} * p.kv_heads, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
        "keys x queries");
}

/// outputs [group, head_dim] = weights [group, kv_len] x values, of every sequence and kv head.
void multiply_values(cublasHandle_t handle, const Problem& p) {
  const Workspace workspace(p);
  const float alpha = 1.0f / kWeightScale, beta = 0.0f;
  const cudaDataType_t type = type_of(p.value_type);
  const std::int64_t group = p.group_size(), dim = p.head_dim, stride = workspace.stride;
  check(load().cublasGemmStridedBatchedEx_64(
            handle, CUBLAS_OP_N, CUBLAS_OP_N, dim, group, p.kv_len, &alpha, p.values, type, dim,
            p.capacity * dim, workspace.weights(p.workspace), type, stride, group * stride, &beta,
            p.outputs, type, dim, group * dim, std::int64_t{p.batch} * p.kv_heads,
            CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
        "values x weights");
}

}  // namespace

const std::string& why_no_library() { return load().reason; }

void launch_cuda(const Problem& problem, Device& device) {
  const cublasHandle_t handle = handle_of_device();
  const Workspace workspace(problem);
  check(load().cublasSetStream_v2(handle, static_cast<CudaDevice&>(device).stream()),
        "cublasSetStream");
  check(load().cublasSetWorkspace_v2(handle, workspace.library(problem.workspace),
                                     Workspace::kLibraryBytes),
        "cublasSetWorkspace");
  multiply_keys(handle, problem);
  launch_softmax(problem, device);
  multiply_values(handle, problem);
}

}  // namespace kvroof::cublas
