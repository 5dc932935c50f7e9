// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two halves of a block reach different barriers.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::barrier_at_two_sites_bug {

inline constexpr hazards::Launch kLaunch{.threads = 64};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  if (thread_index() < 32) {
    sync_threads();  // reported
  } else {
    sync_threads();  // reported
  }
  store_global(arrays.output + thread_index(), thread_index());
}

}  // namespace kvroof::KVROOF_BACKEND::barrier_at_two_sites_bug
