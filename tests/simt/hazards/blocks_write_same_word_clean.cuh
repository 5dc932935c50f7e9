// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every block writes words of its own.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::blocks_write_same_word_clean {

inline constexpr hazards::Launch kLaunch{.blocks = 4, .threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  store_global(arrays.output + (block_index_x() * 32 + thread_index()),
               block_index_x() + thread_index());
}

}  // namespace kvroof::KVROOF_BACKEND::blocks_write_same_word_clean
