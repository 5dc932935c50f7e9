// SPDX-License-Identifier: Apache-2.0
#pragma once

// Each half names its own lanes in the mask.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::vote_meets_shuffle_clean {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  U32 result = 0u;
  if (lane_index() < 16) {
    result = ballot(true, 0x0000ffffu);
  } else {
    result = shuffle(lane_index(), 20u, 0xffff0000u);
  }
  store_global(arrays.output + thread_index(), result);
}

}  // namespace kvroof::KVROOF_BACKEND::vote_meets_shuffle_clean
