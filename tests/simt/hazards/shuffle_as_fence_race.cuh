// SPDX-License-Identifier: Apache-2.0
#pragma once

// A shuffle stands where sync_warp() should: it orders no memory.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::shuffle_as_fence_race {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  store_shared(&shared.words[lane_index()], lane_index());
  const U32 other = shuffle_xor(lane_index(), 1);
  const U32 value = load_shared<U32>(&shared.words[lane_index() ^ 3]);  // reported
  store_global(arrays.output + thread_index(), value + other);
}

}  // namespace kvroof::KVROOF_BACKEND::shuffle_as_fence_race
