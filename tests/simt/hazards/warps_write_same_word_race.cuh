// SPDX-License-Identifier: Apache-2.0
#pragma once

// Two warps write different values to one word.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::warps_write_same_word_race {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 64, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  store_shared_if(lane_index() == 0, &shared.words[0], U32(warp_index() + 1));  // reported
  sync_threads();
  store_global(arrays.output + thread_index(), load_shared<U32>(&shared.words[0]));
}

}  // namespace kvroof::KVROOF_BACKEND::warps_write_same_word_race
