// SPDX-License-Identifier: Apache-2.0
#pragma once

// Each block reads what it has written itself.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::block_reads_other_block_clean {

inline constexpr hazards::Launch kLaunch{.blocks = 4, .threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  store_global(arrays.output + (block_index_x() * 32 + thread_index()), U32(5u));
  const U32 own = load_global<U32>(arrays.output + (block_index_x() * 32 + thread_index()));
  store_global(arrays.scratch + (block_index_x() * 32 + thread_index()), own);
}

}  // namespace kvroof::KVROOF_BACKEND::block_reads_other_block_clean
