// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/compress/problem.hpp"
#include "kernels/device.hpp"

namespace kvroof::compress {

/// Launches the prune-and-pack kernel on `device`. Returns once it is queued; device.synchronize()
/// reports failures. Throws std::invalid_argument as validate() does, std::runtime_error when the
/// launch is refused.
void launch(const PackProblem& problem, Device& device);

}  // namespace kvroof::compress
