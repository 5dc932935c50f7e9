// SPDX-License-Identifier: Apache-2.0
#pragma once

// A lane reads what another lane of its warp writes, without sync_warp().

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::missing_sync_warp_race {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  store_shared(&shared.words[lane_index()], lane_index());
  sync_warp();
  store_shared(&shared.words[lane_index()], lane_index() + 1);           // reported
  const U32 value = load_shared<U32>(&shared.words[31 - lane_index()]);  // reported
  store_global(arrays.output + thread_index(), value);
}

}  // namespace kvroof::KVROOF_BACKEND::missing_sync_warp_race
