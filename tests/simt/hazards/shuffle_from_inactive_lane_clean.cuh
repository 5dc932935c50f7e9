// SPDX-License-Identifier: Apache-2.0
#pragma once

// The whole warp takes part in the shuffle.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::shuffle_from_inactive_lane_clean {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  const U32 other = shuffle_xor(lane_index(), 16);
  store_global(arrays.output + thread_index(), other);
}

}  // namespace kvroof::KVROOF_BACKEND::shuffle_from_inactive_lane_clean
