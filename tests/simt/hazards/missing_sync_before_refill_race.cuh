// SPDX-License-Identifier: Apache-2.0
#pragma once

// A buffer is refilled while the other warp may still read it.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::missing_sync_before_refill_race {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 64, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  U32 sum = 0u;
  for (int round = 0; round < 2; ++round) {
    store_shared(&shared.words[thread_index()], thread_index() + round);  // reported
    sync_threads();
    sum += load_shared<U32>(&shared.words[63 - thread_index()]);  // reported
  }
  store_global(arrays.output + thread_index(), sum);
}

}  // namespace kvroof::KVROOF_BACKEND::missing_sync_before_refill_race
