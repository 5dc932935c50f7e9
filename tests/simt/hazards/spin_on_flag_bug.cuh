// SPDX-License-Identifier: Apache-2.0
#pragma once

// Spins on a flag that another block is to set, which may never run.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::spin_on_flag_bug {

inline constexpr hazards::Launch kLaunch{.blocks = 2, .threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  const U32 zero = 0u;
  while (load_global<U32>(arrays.ticket) == zero) {  // reported
  }
  store_global(arrays.output + (block_index_x() * 32 + thread_index()), thread_index());
}

}  // namespace kvroof::KVROOF_BACKEND::spin_on_flag_bug
