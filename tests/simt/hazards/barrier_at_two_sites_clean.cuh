// SPDX-License-Identifier: Apache-2.0
#pragma once

// All threads reach the same barrier.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::barrier_at_two_sites_clean {

inline constexpr hazards::Launch kLaunch{.threads = 64};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  sync_threads();
  store_global(arrays.output + thread_index(), thread_index());
}

}  // namespace kvroof::KVROOF_BACKEND::barrier_at_two_sites_clean
