// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kernels/baselines/cublas/problem.hpp"
#include "kernels/device.hpp"

// The CUDA side that launch.cpp leads to.
namespace kvroof::cublas {

inline constexpr int kSoftmaxThreads = 1024;

/// A weight is exp(score - maximum) / sum, at most 1, times this; the second product takes it out
/// again. It keeps the small weights of a long context in the normal range of f16.
inline constexpr float kWeightScale = 16384.0f;

/// Library::reason of library.hpp, for those who do not know cuBLAS's headers.
const std::string& why_no_library();
void launch_cuda(const Problem& problem, Device& device);
/// The softmax between the products, on the device's stream.
void launch_softmax(const Problem& problem, Device& device);

}  // namespace kvroof::cublas
