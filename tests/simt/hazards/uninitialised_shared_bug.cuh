// SPDX-License-Identifier: Apache-2.0
#pragma once

// One word is read that no thread has written.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::uninitialised_shared_bug {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 64, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  store_shared_if(thread_index() != 5, &shared.words[thread_index()], thread_index());
  sync_threads();
  const U32 value = load_shared<U32>(&shared.words[63 - thread_index()]);  // reported
  store_global(arrays.output + thread_index(), value);
}

}  // namespace kvroof::KVROOF_BACKEND::uninitialised_shared_bug
