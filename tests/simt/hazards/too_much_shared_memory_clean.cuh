// SPDX-License-Identifier: Apache-2.0
#pragma once

// Asks for what the kernel needs.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::too_much_shared_memory_clean {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  store_shared(&shared.words[thread_index()], thread_index());
  store_global(arrays.output + thread_index(), load_shared<U32>(&shared.words[thread_index()]));
}

}  // namespace kvroof::KVROOF_BACKEND::too_much_shared_memory_clean
