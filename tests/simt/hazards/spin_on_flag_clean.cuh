// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the flag once and goes on.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::spin_on_flag_clean {

inline constexpr hazards::Launch kLaunch{.blocks = 2, .threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  const U32 flag = load_global<U32>(arrays.ticket);
  store_global(arrays.output + (block_index_x() * 32 + thread_index()), thread_index() + flag);
}

}  // namespace kvroof::KVROOF_BACKEND::spin_on_flag_clean
