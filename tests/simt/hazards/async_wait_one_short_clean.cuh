// SPDX-License-Identifier: Apache-2.0
#pragma once

// Waits for all groups but one and reads an older one.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::async_wait_one_short_clean {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  for (int stage = 0; stage < 2; ++stage) {
    copy_async_8_if(true, &shared.words[2 * (32 * stage + lane_index())],
                    arrays.input + 2 * (32 * stage + lane_index()));
    copy_async_commit();
  }
  copy_async_wait<1>();
  sync_warp();
  const U32 value = load_shared<U32>(&shared.words[2 * lane_index()]);
  store_global(arrays.output + thread_index(), value);
}

}  // namespace kvroof::KVROOF_BACKEND::async_wait_one_short_clean
