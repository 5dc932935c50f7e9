// SPDX-License-Identifier: Apache-2.0
#pragma once

// Waits for the copy of the warp, then reads.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::warp_copy_not_awaited_clean {

struct Shared {
  alignas(16) std::uint32_t words[128];
  std::uint64_t barrier;
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  WarpCopy copy = make_warp_copy(&shared.barrier);
  start_warp_copy(copy, shared.words, arrays.input, sizeof shared.words);
  wait_warp_copy(copy);
  const U32 value = load_shared<U32>(&shared.words[4 * lane_index()]);
  store_global(arrays.output + thread_index(), value);
}

}  // namespace kvroof::KVROOF_BACKEND::warp_copy_not_awaited_clean
