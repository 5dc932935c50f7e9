// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND {

/// Sum of `value` over the lanes up to and including the calling one.
/// Called by: all 32 lanes, converged.   Valid in: every lane.
KVROOF_DEVICE U32 warp_inclusive_sum(U32 value, U32 lane) {
  KVROOF_UNROLL
  for (int distance = 1; distance < kWarpSize; distance *= 2) {
    const U32 below = shuffle_up(value, distance);
    value = select(lane >= static_cast<unsigned>(distance), value + below, value);
  }
  return value;
}

}  // namespace kvroof::KVROOF_BACKEND
