// SPDX-License-Identifier: Apache-2.0
#pragma once

// Half of the warp votes, the other half shuffles, each with the mask of the whole warp.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::vote_meets_shuffle_bug {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  U32 result = 0u;
  if (lane_index() < 16) {
    result = ballot(true);  // reported
  } else {
    result = shuffle(lane_index(), 20u);  // reported
  }
  store_global(arrays.output + thread_index(), result);
}

}  // namespace kvroof::KVROOF_BACKEND::vote_meets_shuffle_bug
