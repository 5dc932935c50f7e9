// SPDX-License-Identifier: Apache-2.0
#pragma once

// The host frees the input before the kernel runs.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::use_after_free_bug {

inline constexpr hazards::Launch kLaunch{.threads = 32, .release_input = true};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  const U32 value = load_global<U32>(arrays.input + thread_index());  // reported
  store_global(arrays.output + thread_index(), value);
}

}  // namespace kvroof::KVROOF_BACKEND::use_after_free_bug
