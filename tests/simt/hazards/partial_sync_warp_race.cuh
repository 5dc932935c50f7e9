// SPDX-License-Identifier: Apache-2.0
#pragma once

// Each half of the warp synchronises by itself, then reads what the other half wrote.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::partial_sync_warp_race {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  const bool low = lane_index() < 16;
  store_shared(&shared.words[lane_index()], U32(0u));
  sync_warp();
  store_shared(&shared.words[lane_index()], lane_index());  // reported
  sync_warp(low ? 0x0000ffffu : 0xffff0000u);
  const U32 value = load_shared<U32>(&shared.words[lane_index() ^ 16]);  // reported
  store_global(arrays.output + thread_index(), value);
}

}  // namespace kvroof::KVROOF_BACKEND::partial_sync_warp_race
