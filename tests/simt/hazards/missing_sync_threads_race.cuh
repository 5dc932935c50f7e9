// SPDX-License-Identifier: Apache-2.0
#pragma once

// A warp reads what the other writes, without a barrier between.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::missing_sync_threads_race {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 64, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  store_shared(&shared.words[thread_index()], thread_index());
  sync_threads();
  store_shared(&shared.words[thread_index()], thread_index() + 1);                // reported
  const U32 value = load_shared<U32>(&shared.words[(thread_index() + 32) % 64]);  // reported
  store_global(arrays.output + thread_index(), value);
}

}  // namespace kvroof::KVROOF_BACKEND::missing_sync_threads_race
