// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bits of registers in another order: what the pack kernel chooses and deals with.

#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND {

/// Bit by bit: that of `if_set` where `mask` is 1, else that of `if_clear`.
KVROOF_DEVICE U32 select_bits(U32 mask, U32 if_set, U32 if_clear) {
  return logic3<(0xf0u & 0xccu) | (~0xf0u & 0xaau)>(mask, if_set, if_clear);
}

/// Swaps the bits that `Low` names with those `Distance` above them.
template <int Distance, std::uint32_t Low>
KVROOF_DEVICE U32 swap_bits(U32 word) {
  constexpr std::uint32_t high = Low << Distance;
  static_assert((Low & high) == 0u && (high >> Distance) == Low, "pairs of different bits");
  const U32 swapped = select_bits(Low, word >> Distance, word << Distance);
  if constexpr ((Low | high) == ~0u) return swapped;
  return select_bits(Low | high, swapped, word);
}

namespace detail {
template <int Distance, std::uint32_t Mask>
KVROOF_DEVICE void transpose_step(U32 (&words)[16]) {
  KVROOF_UNROLL
  for (int i = 0; i < 16; ++i) {
    if ((i & Distance) != 0) continue;
    const U32 upper = words[i];
    const U32 lower = words[i + Distance];
    words[i] = select_bits(Mask, upper, lower << Distance);
    words[i + Distance] = select_bits(Mask, multiply_shift_right<Distance>(upper), lower);
  }
}
}  // namespace detail

/// Transposes two matrices of 16 x 16 bits, one in the low and one in the high halves of 16 words:
/// bit i of either half of words[b] becomes what bit b of that half of words[i] was. Shifts go by
/// multiplication, because the integer ALU has the logic to do.
KVROOF_DEVICE void transpose_halves(U32 (&words)[16]) {
  KVROOF_UNROLL
  for (int i = 0; i < 8; ++i) {  // the first step moves whole bytes
    const U32 upper = words[i];
    const U32 lower = words[i + 8];
    words[i] = byte_permute(upper, lower, 0x6240u);
    words[i + 8] = byte_permute(upper, lower, 0x7351u);
  }
  detail::transpose_step<4, 0x0f0f0f0fu>(words);
  detail::transpose_step<2, 0x33333333u>(words);
  detail::transpose_step<1, 0x55555555u>(words);
}

}  // namespace kvroof::KVROOF_BACKEND
