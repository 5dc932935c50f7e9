// SPDX-License-Identifier: Apache-2.0
#pragma once

// Scores as integers of the same order. A U32 is a 16-bit magnitude; a U32x2 holds the bits of a
// binary64 that is not negative. All NaNs are equal, and above infinity.

#include "kernels/platform/platform.hpp"
#include "kernels/primitives/magnitude.cuh"

namespace kvroof::KVROOF_BACKEND::prune {

inline constexpr std::uint32_t kF64Infinity = 0x7ff00000u;  // the high half
inline constexpr std::uint32_t kF64Magnitude = 0x7fffffffu;

KVROOF_DEVICE bool ranks_above(U32 a, U32 b) { return a > b; }
KVROOF_DEVICE bool ranks_above(U32x2 a, U32x2 b) {
  const bool high_above = a.y > b.y;
  const bool low_above = a.x > b.x;
  return high_above | ((a.y == b.y) & low_above);
}
KVROOF_DEVICE bool equal_scores(U32 a, U32 b) { return a == b; }
KVROOF_DEVICE bool equal_scores(U32x2 a, U32x2 b) { return (a.x == b.x) & (a.y == b.y); }

/// |x| of a stored value as binary64.
template <class Value>
KVROOF_DEVICE U32x2 f64_magnitude(U32 bits) {
  return f64_from_f32(f32_from_value<Value>(bits & kMagnitudeBits));
}

/// The score of a binary64: its magnitude, with one NaN for all.
KVROOF_DEVICE U32x2 to_score(U32x2 value) {
  const U32 high = value.y & kF64Magnitude;
  const bool nan = (high > kF64Infinity) | ((high == kF64Infinity) & (value.x != 0u));
  return {select(nan, U32(0u), value.x), select(nan, U32(kF64Infinity | 0x80000u), high)};
}

/// How many of `count` scores, `stride` apart in shared memory, beat number `own_idx`: those that
/// rank above it, and equal ones before it.
template <class Score>
KVROOF_DEVICE U32 count_better(const Score* scores, int stride, int count, Score own, U32 own_idx) {
  U32 better = 0u;
  KVROOF_NO_UNROLL
  for (int i = 0; i < count; ++i) {
    const Score other = load_shared<Score>(scores + i * stride);
    const bool tie_before = equal_scores(other, own) & (own_idx > static_cast<unsigned>(i));
    better = select(ranks_above(other, own) | tie_before, better + 1u, better);
  }
  return better;
}

}  // namespace kvroof::KVROOF_BACKEND::prune
