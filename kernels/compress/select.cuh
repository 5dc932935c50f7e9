// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which elements of a row survive: the `kept` largest magnitudes, equal ones by lowest channel, NaN
// above infinity. Bit-sliced: bit planes of 32 elements stand in one register, so that one
// instruction looks at 32 elements, and a row is chosen from in as many rounds as a magnitude has
// bits.
//
// A lane has 64 channels of a row, two words of 32. In a word, channel c is bit [c0 c3 c2 c1 c4]
// (c4 the lowest): the order in which the planes come out of 32-bit loads.

#include "kernels/compress/tile.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/primitives/bit_planes.cuh"

namespace kvroof::KVROOF_BACKEND::compress {

using kvroof::compress::PackTile;

inline constexpr int kMagnitudePlanes = 15;

/// Of each of the lane's two words: bit planes of 32 magnitudes.
using BitPlanes = U32[2][kMagnitudePlanes];

/// `row` is the first of the lane's 64 channels in shared memory, 16-byte aligned.
KVROOF_DEVICE void load_planes(const std::byte* row, BitPlanes& planes) {
  KVROOF_UNROLL
  for (int word = 0; word < 2; ++word) {
    U32 pairs[16];  // pair p: channels 2 p and 2 p + 1, at bit [c3 c2 c1 c4] of both halves
    KVROOF_UNROLL
    for (int quad = 0; quad < 4; ++quad) {
      const U32x4 loaded = load_shared<U32x4>(row + 64 * word + 16 * quad);
      const U32 four[4] = {loaded.x, loaded.y, loaded.z, loaded.w};
      KVROOF_UNROLL
      for (int i = 0; i < 4; ++i) pairs[2 * (4 * quad + i) % 16 + quad / 2] = four[i];
    }
    transpose_halves(pairs);
    KVROOF_UNROLL
    for (int bit = 0; bit < kMagnitudePlanes; ++bit) planes[word][bit] = pairs[bit];
  }
}

/// Makes all NaNs one magnitude above infinity.
/// Called by: all 32 lanes, converged.
KVROOF_DEVICE void rank_nans_alike(bool is_bf16, BitPlanes& planes) {
  U32 nans[2];
  KVROOF_UNROLL
  for (int word = 0; word < 2; ++word) {
    const auto& p = planes[word];
    const U32 exponent = p[14] & p[13] & p[12] & p[11] & p[10];
    const U32 fraction = p[6] | p[5] | p[4] | p[3] | p[2] | p[1] | p[0];
    nans[word] = is_bf16 ? exponent & p[9] & p[8] & p[7] & fraction
                         : exponent & (p[9] | p[8] | p[7] | fraction);
  }
  if (!any((nans[0] | nans[1]) != 0u)) return;
  KVROOF_UNROLL
  for (int word = 0; word < 2; ++word) {
    KVROOF_UNROLL
    for (int bit = 0; bit < kMagnitudePlanes; ++bit) planes[word][bit] |= nans[word];
  }
}

/// Sum over the lanes that share a row: lanes kRows apart.
/// Called by: all 32 lanes, converged.
template <int HeadDim>
KVROOF_DEVICE U32 sum_over_row(U32 count) {
  using Tile = PackTile<HeadDim>;
  KVROOF_UNROLL
  for (int distance = Tile::kRows; distance < Tile::kRows * Tile::kRowLanes; distance *= 2) {
    count = count + shuffle_xor(count, distance);
  }
  return count;
}

/// A choice that is being made: `room` of the candidates will join the chosen elements.
struct Choice {
  U32 candidates[2];
  U32 chosen[2];
  U32 room;  // the same in all lanes of the row, 1 to the number of its candidates
};

/// Candidates whose bit of a plane is 1 come before the others: they are all that is left to choose
/// from when there are enough of them, else they are chosen.
template <int HeadDim>
KVROOF_DEVICE void narrow(Choice& choice, U32 plane0, U32 plane1) {
  const U32 first[2] = {choice.candidates[0] & plane0, choice.candidates[1] & plane1};
  const U32 count = sum_over_row<HeadDim>(popcount(first[0]) + popcount(first[1]));
  const U32 taken = multiply_sign_mask(count - choice.room);  // all ones: not enough of them
  constexpr std::uint32_t and_xor = 0xf0u & (0xccu ^ 0xaau);
  constexpr std::uint32_t or_and = 0xf0u | (0xccu & 0xaau);
  choice.candidates[0] = logic3<and_xor>(choice.candidates[0], plane0, taken);
  choice.candidates[1] = logic3<and_xor>(choice.candidates[1], plane1, taken);
  choice.chosen[0] = logic3<or_and>(choice.chosen[0], first[0], taken);
  choice.chosen[1] = logic3<or_and>(choice.chosen[1], first[1], taken);
  choice.room = count * taken + choice.room;  // less `count`, if they are taken
}

/// Of candidates that are all equal the lowest channels; `part` is which 64 channels the lane has.
template <int HeadDim>
KVROOF_DEVICE void narrow_by_channel(Choice& choice, U32 part) {
  KVROOF_UNROLL
  for (int bit = PackTile<HeadDim>::kRowLanes / 2; bit > 0; bit /= 2) {
    const U32 plane = select((part & static_cast<unsigned>(bit)) == 0u, U32(~0u), U32(0u));
    narrow<HeadDim>(choice, plane, plane);
  }
  narrow<HeadDim>(choice, ~0u, 0u);
  constexpr std::uint32_t channel_bits[] = {0xaaaaaaaau, 0xff00ff00u, 0xf0f0f0f0u, 0xccccccccu,
                                            0xffff0000u};  // c4, c3, ..., c0
  KVROOF_UNROLL
  for (int i = 0; i < 5; ++i) narrow<HeadDim>(choice, ~channel_bits[i], ~channel_bits[i]);
}

/// The lane's survivors: its share of exactly `kept` of the row, 1 <= kept <= HeadDim.
/// Called by: all 32 lanes, converged.
template <int HeadDim>
KVROOF_DEVICE void choose_largest(const BitPlanes& planes, int kept, U32 part, U32 (&chosen)[2]) {
  Choice choice{{~0u, ~0u}, {0u, 0u}, static_cast<unsigned>(kept)};
  KVROOF_UNROLL
  for (int bit = kMagnitudePlanes - 1; bit >= 0; --bit) {
    narrow<HeadDim>(choice, planes[0][bit], planes[1][bit]);
  }
  const U32 ties =
      sum_over_row<HeadDim>(popcount(choice.candidates[0]) + popcount(choice.candidates[1]));
  if (any(ties > choice.room)) narrow_by_channel<HeadDim>(choice, part);
  chosen[0] = choice.chosen[0] | choice.candidates[0];
  chosen[1] = choice.chosen[1] | choice.candidates[1];
}

/// The same out of the two words of a mask, in which channel c is bit c.
KVROOF_DEVICE void choose_by_mask(const void* mask, U32 (&chosen)[2]) {
  const U32x2 words = load_global<U32x2>(mask);
  chosen[0] = swap_bits<15, 0x0000aaaau>(words.x);  // c4 and c0 change places
  chosen[1] = swap_bits<15, 0x0000aaaau>(words.y);
}

}  // namespace kvroof::KVROOF_BACKEND::compress
