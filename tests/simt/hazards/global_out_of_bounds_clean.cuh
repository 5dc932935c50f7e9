// SPDX-License-Identifier: Apache-2.0
#pragma once

// The access past the end is predicated off.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::global_out_of_bounds_clean {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  const U32 index = hazards::kWords - 16 + thread_index();
  const U32 value = load_global_if<U32>(index < hazards::kWords, arrays.input + index);
  store_global(arrays.output + thread_index(), value);
}

}  // namespace kvroof::KVROOF_BACKEND::global_out_of_bounds_clean
