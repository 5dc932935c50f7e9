// SPDX-License-Identifier: Apache-2.0
#pragma once

// A barrier lies between the additions and the read.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::plain_read_of_atomic_clean {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 64, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  store_shared_if(thread_index() == 0, &shared.words[0], U32(0u));
  sync_threads();
  atomic_add_shared(&shared.words[0], 1u);
  sync_threads();
  const U32 count = load_shared<U32>(&shared.words[0]);
  store_global(arrays.output + thread_index(), count);
}

}  // namespace kvroof::KVROOF_BACKEND::plain_read_of_atomic_clean
