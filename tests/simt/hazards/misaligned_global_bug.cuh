// SPDX-License-Identifier: Apache-2.0
#pragma once

// Loads 16 bytes from an address aligned to 4.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::misaligned_global_bug {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  const U32x4 words = load_global<U32x4>(arrays.input + 1 + 4 * thread_index());  // reported
  store_global(arrays.output + thread_index(), words.x);
}

}  // namespace kvroof::KVROOF_BACKEND::misaligned_global_bug
