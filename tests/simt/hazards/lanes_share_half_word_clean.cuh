// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lanes write their own 16 bits of shared words.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::lanes_share_half_word_clean {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  auto* const halves = reinterpret_cast<std::uint16_t*>(shared.words);
  store_shared(&shared.words[lane_index()], U32(0u));
  sync_warp();
  store_shared_u16(halves + lane_index(), lane_index());
  sync_warp();
  store_global(arrays.output + thread_index(), load_shared<U32>(&shared.words[lane_index()]));
}

}  // namespace kvroof::KVROOF_BACKEND::lanes_share_half_word_clean
