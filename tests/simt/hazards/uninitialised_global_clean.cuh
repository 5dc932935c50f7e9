// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes the memory before it reads it.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::uninitialised_global_clean {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  store_global(arrays.scratch + thread_index(), thread_index());
  const U32 value = load_global<U32>(arrays.scratch + thread_index());
  store_global(arrays.output + thread_index(), value);
}

}  // namespace kvroof::KVROOF_BACKEND::uninitialised_global_clean
