// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kernels/baselines/cublas/problem.hpp"
#include "kernels/device.hpp"

namespace kvroof::cublas {

/// Why the products cannot run on `backend` in this program on this machine; empty where they can.
/// Never throws.
std::string why_unavailable(Backend backend);

/// keys x queries, softmax, values x weights: two batched products by cuBLAS and one kernel between
/// them. Returns once they are queued. The first launch on a device opens cuBLAS there, which a
/// stream that is being captured forbids: launch once before capturing. Throws
/// std::invalid_argument as validate() does, std::runtime_error when cuBLAS is not there or
/// refuses.
void launch(const Problem& problem, Device& device);

}  // namespace kvroof::cublas
