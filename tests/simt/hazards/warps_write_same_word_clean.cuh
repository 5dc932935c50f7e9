// SPDX-License-Identifier: Apache-2.0
#pragma once

// Each warp writes a word of its own.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::warps_write_same_word_clean {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 64, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  store_shared_if(lane_index() == 0, &shared.words[warp_index()], U32(warp_index() + 1));
  sync_threads();
  store_global(arrays.output + thread_index(), load_shared<U32>(&shared.words[warp_index()]));
}

}  // namespace kvroof::KVROOF_BACKEND::warps_write_same_word_clean
