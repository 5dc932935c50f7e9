// SPDX-License-Identifier: Apache-2.0
#pragma once

// A buffer is refilled by a copy while other lanes may still read it.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::async_refill_without_sync_race {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  U32 sum = 0u;
  for (int stage = 0; stage < 2; ++stage) {
    // reported
    copy_async_16(&shared.words[4 * lane_index()], arrays.input + 4 * (32 * stage + lane_index()));
    copy_async_commit();
    copy_async_wait<0>();
    sync_warp();
    sum += load_shared<U32>(&shared.words[4 * (31 - lane_index())]);  // reported
  }
  store_global(arrays.output + thread_index(), sum);
}

}  // namespace kvroof::KVROOF_BACKEND::async_refill_without_sync_race
