// SPDX-License-Identifier: Apache-2.0
#pragma once

// A lane reads what another lane copied: waiting makes only its own copies visible.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::missing_sync_after_wait_race {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  copy_async_16(&shared.words[4 * lane_index()], arrays.input + 4 * lane_index());
  copy_async_commit();
  copy_async_wait<0>();
  any(true);
  const U32 value = load_shared<U32>(&shared.words[4 * (31 - lane_index())]);  // reported
  store_global(arrays.output + thread_index(), value);
}

}  // namespace kvroof::KVROOF_BACKEND::missing_sync_after_wait_race
