// SPDX-License-Identifier: Apache-2.0
#pragma once

// The way of a row's survivors (select.cuh) to the bitmap units of the lanes that own them
// (format/lane_chunk.hpp): 64 channels of a row are four steps, one unit of every lane.

#include "kernels/compress/tile.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/primitives/bit_planes.cuh"

namespace kvroof::KVROOF_BACKEND::compress {

using kvroof::compress::PackTile;

/// Nibbles 1 and 2 of both halves change places.
KVROOF_DEVICE U32 swap_middle_nibbles(U32 word) { return swap_bits<4, 0x00f000f0u>(word); }

/// Keys: bits [c0 c3 c2 c1 c4] of word `step_pair` of part `part` become [t0 i1 i0 t1 r0], with the
/// owner's t, the element i of its nibble, and the lowest bit of the step r. t is the channel's
/// lowest bits but for what lane_chunk::key_channel() folds into them.
KVROOF_DEVICE U32 order_by_key_owner(U32 word, int step_pair, U32 part) {
  const U32 odd_part = select((part & 1u) != 0u, U32(~0u), U32(0u));
  const U32 high_part = select((part & 2u) != 0u, U32(~0u), U32(0u));
  const U32 flips_t0 = odd_part ^ 0x5a5a5a5au;                                    // i0 ^ r0
  const U32 flips_t1 = high_part ^ (step_pair == 0 ? 0xff00ff00u : 0x00ff00ffu);  // i1 ^ r1
  word = select_bits(flips_t0, byte_permute(word, word, 0x1032u), word);
  return select_bits(flips_t1, swap_bits<2, 0x33333333u>(word), word);
}

/// Writes the units of a row's part into units[32], a word per lane.
/// Keys: lane 4 g + t's at [8 t + g], that of h = 0 in the low half; so `row` is g + 8 h.
/// Values: lane's at [lane], in byte i nibble h; so `row` is value_token(t, i).
template <Operand Which>
KVROOF_DEVICE void deal_units(const U32 (&chosen)[2], U32 row, U32 part, bool on,
                              std::uint32_t* units) {
  U32 words[2];  // keys [t0 i1 i0 t1 r0], values [g0 g2 h g1 r0]; of r1 = 0 and 1
  KVROOF_UNROLL
  for (int i = 0; i < 2; ++i) {
    words[i] = Which == Operand::kKeys ? order_by_key_owner(chosen[i], i, part)
                                       : swap_middle_nibbles(chosen[i]);
  }
  // r1 takes the place of t1 or g1, which then tells the words apart.
  const U32 dealt[2] = {select_bits(0x33333333u, words[0], words[1] << 2),
                        select_bits(0x33333333u, words[0] >> 2, words[1])};
  std::byte* const target = reinterpret_cast<std::byte*>(units);
  KVROOF_UNROLL
  for (int i = 0; i < 2; ++i) {
    if constexpr (Which == Operand::kKeys) {  // halves are t0 = 0 and 1
      std::byte* const own = target + (row & 7u) * 4u + (row >> 3) * 2u;
      store_shared_u16_if(on, own + 64 * i, dealt[i] & 0xffffu);
      store_shared_u16_if(on, own + 64 * i + 32, dealt[i] >> 16);
    } else {  // bytes are [g0 g2]
      const U32 t = (row >> 1) & 3u;
      std::byte* const own = target + t * 4u + (row & 1u) + (row >> 3) * 2u;
      KVROOF_UNROLL
      for (int byte = 0; byte < 4; ++byte) {
        const int g = 4 * (byte & 1) + 2 * i + (byte >> 1);
        store_shared_u8_if(on, own + 16 * g, (dealt[i] >> (8 * byte)) & 0xffu);
      }
    }
  }
}

/// A lane's units of one part out of what deal_units() left: h = 0 in the low half, bit r + 4 i.
template <Operand Which>
KVROOF_DEVICE U32 load_units(const std::uint32_t* units, U32 lane) {
  if constexpr (Which == Operand::kKeys) {
    return load_shared<U32>(units + (lane & 3u) * 8u + (lane >> 2));
  } else {
    const U32 word = swap_middle_nibbles(load_shared<U32>(units + lane));
    return byte_permute(word, word, 0x3120u);  // nibbles [i1 i0 h], [i1 h i0], [h i1 i0]
  }
}

/// Bit r + 4 i of both halves becomes bit i + 4 r.
KVROOF_DEVICE U32 transpose_units(U32 units) {
  return swap_bits<6, 0x00cc00ccu>(swap_bits<3, 0x0a0a0a0au>(units));
}

}  // namespace kvroof::KVROOF_BACKEND::compress
