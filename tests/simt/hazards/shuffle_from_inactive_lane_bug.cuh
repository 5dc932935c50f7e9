// SPDX-License-Identifier: Apache-2.0
#pragma once

// The lower half of a warp reads registers of the upper half, which does not take part.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::shuffle_from_inactive_lane_bug {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  U32 other = 0u;
  if (lane_index() < 16) {
    other = shuffle_xor(lane_index(), 16, 0x0000ffffu);  // reported
  }
  store_global(arrays.output + thread_index(), other);
}

}  // namespace kvroof::KVROOF_BACKEND::shuffle_from_inactive_lane_bug
