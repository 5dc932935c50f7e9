// SPDX-License-Identifier: Apache-2.0
#pragma once

// The vote names the lanes that reach it.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::vote_meets_barrier_clean {

inline constexpr hazards::Launch kLaunch{.threads = 64};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  if (thread_index() < 16) any(true, 0x0000ffffu);
  sync_threads();
  store_global(arrays.output + thread_index(), thread_index());
}

}  // namespace kvroof::KVROOF_BACKEND::vote_meets_barrier_clean
