// SPDX-License-Identifier: Apache-2.0
#pragma once

// Half of a warp waits in a vote for lanes that wait at the barrier of the block.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::vote_meets_barrier_bug {

inline constexpr hazards::Launch kLaunch{.threads = 64};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  if (thread_index() < 16) any(true);  // reported
  sync_threads();                      // reported
  store_global(arrays.output + thread_index(), thread_index());
}

}  // namespace kvroof::KVROOF_BACKEND::vote_meets_barrier_bug
