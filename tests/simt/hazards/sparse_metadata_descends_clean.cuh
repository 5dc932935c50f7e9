// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every lane names the stored columns of a group in ascending order.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::sparse_metadata_descends_clean {

inline constexpr hazards::Launch kLaunch{};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  F32 d[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  const U32 ones[4] = {0x3c003c00u, 0x3c003c00u, 0x3c003c00u, 0x3c003c00u};
  const U32 metadata = select(lane_index() == 5u, U32(0xeeee4484u), U32(0xeeee4444u));
  mma_sparse_m16n8k32<Half, 0>(d, ones, ones, metadata);
  store_global(arrays.output + thread_index(), bits_of(d[0]));
}

}  // namespace kvroof::KVROOF_BACKEND::sparse_metadata_descends_clean
