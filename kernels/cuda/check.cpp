// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/check.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace kvroof::detail {

void check_cuda(cudaError_t status, const char* call, std::source_location at) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw std::runtime_error(fmt::format("{}:{}: {} failed: {} ({})", at.file_name(), at.line(), call,
                                       cudaGetErrorName(status), cudaGetErrorString(status)));
}

}  // namespace kvroof::detail
