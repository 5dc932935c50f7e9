// SPDX-License-Identifier: Apache-2.0
#pragma once

// Each block reads what its neighbour writes in the same launch.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::block_reads_other_block_race {

inline constexpr hazards::Launch kLaunch{.blocks = 4, .threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  const int next = (block_index_x() + 1) % grid_size_x();
  store_global(arrays.output + (block_index_x() * 32 + thread_index()), U32(5u));    // reported
  const U32 other = load_global<U32>(arrays.output + (next * 32 + thread_index()));  // reported
  store_global(arrays.scratch + (block_index_x() * 32 + thread_index()), other);
}

}  // namespace kvroof::KVROOF_BACKEND::block_reads_other_block_race
