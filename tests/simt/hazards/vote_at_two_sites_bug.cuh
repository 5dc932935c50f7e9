// SPDX-License-Identifier: Apache-2.0
#pragma once

// Odd and even lanes vote at different calls with the mask of the whole warp.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::vote_at_two_sites_bug {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  U32 votes = 0u;
  if ((lane_index() & 1) != 0) {
    votes = ballot(true);  // reported
  } else {
    votes = ballot(false);  // reported
  }
  store_global(arrays.output + thread_index(), votes);
}

}  // namespace kvroof::KVROOF_BACKEND::vote_at_two_sites_bug
