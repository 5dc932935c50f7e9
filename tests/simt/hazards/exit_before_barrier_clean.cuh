// SPDX-License-Identifier: Apache-2.0
#pragma once

// Threads without work skip the work, not the barrier.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::exit_before_barrier_clean {

inline constexpr hazards::Launch kLaunch{.threads = 64};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  sync_threads();
  store_global_if(thread_index() < 40, arrays.output + thread_index(), thread_index());
}

}  // namespace kvroof::KVROOF_BACKEND::exit_before_barrier_clean
