// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND {

/// Combines what the lanes of a warp have.
/// Called by: all 32 lanes, converged.   Valid in: every lane.
template <class Combine>
KVROOF_DEVICE F32 reduce_lanes(F32 value, Combine&& combine) {
  KVROOF_UNROLL
  for (int distance = kWarpSize / 2; distance > 0; distance /= 2)
    value = combine(value, shuffle_xor(value, distance));
  return value;
}

/// Combines what the threads of a block of `Warps` warps have. `shared` holds a float per warp.
/// Called by: all threads, converged.   Valid in: every thread.
template <int Warps, class Combine>
KVROOF_DEVICE F32 reduce_block(F32 value, float* shared, Combine&& combine) {
  value = reduce_lanes(value, combine);
  sync_threads();  // nobody still reads the last result
  store_shared_if<F32>(lane_index() == 0u, shared + warp_index(), value);
  sync_threads();
  F32 result = load_shared<F32>(shared);
  for (int warp = 1; warp < Warps; ++warp)
    result = combine(result, load_shared<F32>(shared + warp));
  return result;
}

}  // namespace kvroof::KVROOF_BACKEND
