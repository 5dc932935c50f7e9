// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "kernels/device.hpp"

namespace kvroof::cli {

enum class BackendChoice { kAuto, kSim, kCuda };

/// One sentence why CUDA cannot be used here; empty when it can.
std::string why_no_cuda();

/// Opens what was chosen; kAuto takes CUDA where it can be used. `ordinal` numbers CUDA devices.
/// Throws std::runtime_error with one sentence when it cannot be opened.
std::unique_ptr<Device> open_device(BackendChoice choice, int ordinal);

}  // namespace kvroof::cli
