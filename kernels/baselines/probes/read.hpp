// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/device.hpp"

namespace kvroof::probes {

/// Bytes that a thread reads, and a block: 8 loads of 16 bytes, all under way at once.
inline constexpr int kReadThreads = 256;
inline constexpr int kReadLoads = 8;
inline constexpr std::int64_t kReadBlockBytes = std::int64_t{kReadThreads} * kReadLoads * 16;

/// Reads `bytes` (a positive multiple of kReadBlockBytes) of device memory once and stores nothing
/// but a checksum that matches `impossible` (writes *sink then): what a device reaches when it only
/// reads. Throws std::invalid_argument for another size, std::runtime_error when the launch is
/// refused.
void launch_read(const std::byte* data, std::int64_t bytes, std::uint32_t impossible,
                 std::uint32_t* sink, Device& device);

}  // namespace kvroof::probes
