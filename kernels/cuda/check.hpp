// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <source_location>

namespace kvroof::detail {

/// Throws std::runtime_error with the call, CUDA's name and text of the error, and file:line unless
/// `status` is success. Clears the error first, so that the next caller is not blamed for it.
void check_cuda(cudaError_t status, const char* call,
                std::source_location at = std::source_location::current());

}  // namespace kvroof::detail

#define KVROOF_CUDA_CHECK(call) ::kvroof::detail::check_cuda((call), #call)
