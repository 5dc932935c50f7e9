// SPDX-License-Identifier: Apache-2.0
#pragma once

// Copies 16 bytes from addresses aligned to 16.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::misaligned_async_copy_clean {

struct Shared {
  alignas(16) std::uint32_t words[128];
};
inline constexpr hazards::Launch kLaunch{.threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  store_shared(&shared.words[4 * thread_index()], U32x4{0u, 0u, 0u, 0u});
  copy_async_16(&shared.words[4 * thread_index()], arrays.input + 4 * thread_index());
  copy_async_commit();
  copy_async_wait<0>();
  store_global(arrays.output + thread_index(), load_shared<U32>(&shared.words[4 * thread_index()]));
}

}  // namespace kvroof::KVROOF_BACKEND::misaligned_async_copy_clean
