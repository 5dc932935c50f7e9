// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/baselines/mustafar/problem.hpp"
#include "kernels/device.hpp"

namespace kvroof::mustafar {

/// One decode step over Mustafar's tiles by the published pipeline, three kernels. Returns once
/// they are queued. Throws std::invalid_argument as validate() does, std::runtime_error when a
/// launch is refused or this program has no build for the device's backend.
void launch(const Problem& problem, Device& device);

}  // namespace kvroof::mustafar
