// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every block writes its number to the same words.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::blocks_write_same_word_race {

inline constexpr hazards::Launch kLaunch{.blocks = 4, .threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  store_global(arrays.output + thread_index(), U32(block_index_x() + thread_index()));  // reported
}

}  // namespace kvroof::KVROOF_BACKEND::blocks_write_same_word_race
