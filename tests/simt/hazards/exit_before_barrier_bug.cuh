// SPDX-License-Identifier: Apache-2.0
#pragma once

// Some threads return before a barrier that the others reach.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::exit_before_barrier_bug {

inline constexpr hazards::Launch kLaunch{.threads = 64};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  if (thread_index() >= 40) return;
  sync_threads();  // reported
  store_global(arrays.output + thread_index(), thread_index());
}

}  // namespace kvroof::KVROOF_BACKEND::exit_before_barrier_bug
