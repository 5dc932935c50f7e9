// SPDX-License-Identifier: Apache-2.0
#pragma once

// A copy of the warp whose last bytes lie behind the array.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::warp_copy_past_end_bug {

struct Shared {
  alignas(16) std::uint32_t words[128];
  std::uint64_t barrier;
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  WarpCopy copy = make_warp_copy(&shared.barrier);
  const std::uint32_t* last = arrays.input + hazards::kWords - 124;
  start_warp_copy(copy, shared.words, last, sizeof shared.words);  // reported
  wait_warp_copy(copy);
}

}  // namespace kvroof::KVROOF_BACKEND::warp_copy_past_end_bug
