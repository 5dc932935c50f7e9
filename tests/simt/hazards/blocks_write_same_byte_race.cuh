// SPDX-License-Identifier: Apache-2.0
#pragma once

// Neighbouring blocks share one byte.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::blocks_write_same_byte_race {

inline constexpr hazards::Launch kLaunch{.blocks = 3, .threads = 1};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  auto* const bytes = reinterpret_cast<std::uint8_t*>(arrays.output);
  store_global_u8(bytes + block_index_x() / 2, U32(block_index_x() + 1));  // reported
}

}  // namespace kvroof::KVROOF_BACKEND::blocks_write_same_byte_race
