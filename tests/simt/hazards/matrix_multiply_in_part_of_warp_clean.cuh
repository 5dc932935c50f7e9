// SPDX-License-Identifier: Apache-2.0
#pragma once

// A whole warp runs the matrix instruction.

#include "kernels/platform/platform.hpp"
#include "tests/simt/hazards/case.hpp"

namespace kvroof::KVROOF_BACKEND::matrix_multiply_in_part_of_warp_clean {

inline constexpr hazards::Launch kLaunch{.threads = 32};

KVROOF_KERNEL(128) kernel(hazards::Arrays arrays) {
  F32 d[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  const U32 a[4] = {0x3c003c00u, 0x3c003c00u, 0x3c003c00u, 0x3c003c00u};
  mma_m16n8k16<Half>(d, a, 0x3c003c00u, 0x3c003c00u);
  store_global(arrays.output + thread_index(), bits_of(d[0]));
}

}  // namespace kvroof::KVROOF_BACKEND::matrix_multiply_in_part_of_warp_clean
