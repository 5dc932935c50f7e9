// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/baselines/probes/read.hpp"

// The builds of the probes that launch.cpp chooses from.
namespace kvroof::probes {

void launch_read_simt(const std::byte* data, int blocks, std::uint32_t impossible,
                      std::uint32_t* sink, Device& device);
void launch_read_cuda(const std::byte* data, int blocks, std::uint32_t impossible,
                      std::uint32_t* sink, Device& device);

}  // namespace kvroof::probes
