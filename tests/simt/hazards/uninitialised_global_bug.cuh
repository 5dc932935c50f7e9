// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads memory that neither host nor kernel has written.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::uninitialised_global_bug {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  store_global_if(thread_index() != 7, arrays.scratch + thread_index(), thread_index());
  const U32 value = load_global<U32>(arrays.scratch + thread_index());  // reported
  store_global(arrays.output + thread_index(), value & 0u);
}

}  // namespace kvroof::KVROOF_BACKEND::uninitialised_global_bug
