// SPDX-License-Identifier: Apache-2.0
#pragma once

// The mask names all lanes that call.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::mask_without_caller_clean {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  const U32 votes = ballot(true, 0xffffffffu);
  store_global(arrays.output + thread_index(), votes);
}

}  // namespace kvroof::KVROOF_BACKEND::mask_without_caller_clean
