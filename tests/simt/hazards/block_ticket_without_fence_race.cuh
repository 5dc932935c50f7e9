// SPDX-License-Identifier: Apache-2.0
#pragma once

// The last block reads what the others wrote, and nobody fenced its writes.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::block_ticket_without_fence_race {

struct Shared {
  std::uint32_t is_last;
};
inline constexpr hazards::Launch kLaunch{
    .blocks = 5, .threads = 32, .shared_bytes = sizeof(Shared)};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  store_global(arrays.scratch + (block_index_x() * 32 + thread_index()), U32(block_index_x() + 1));
  sync_threads();
  if (thread_index() == 0) {
    const U32 before = atomic_add_global(arrays.ticket, 1u);
    store_shared(&shared.is_last, U32(before + 1 == static_cast<std::uint32_t>(grid_size_x())));
  }
  sync_threads();
  const bool is_last = load_shared<U32>(&shared.is_last) != 0;
  U32 sum = 0u;
  for (int block = 0; block < grid_size_x(); ++block) {
    sum +=
        load_global_if<U32>(is_last, arrays.scratch + (block * 32 + thread_index()));  // reported
  }
  store_global_if(is_last, arrays.output + thread_index(), sum);
}

}  // namespace kvroof::KVROOF_BACKEND::block_ticket_without_fence_race
