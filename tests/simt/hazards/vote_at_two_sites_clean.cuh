// SPDX-License-Identifier: Apache-2.0
#pragma once

// All lanes vote at one call.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::vote_at_two_sites_clean {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  const U32 votes = ballot((lane_index() & 1) != 0);
  store_global(arrays.output + thread_index(), votes);
}

}  // namespace kvroof::KVROOF_BACKEND::vote_at_two_sites_clean
