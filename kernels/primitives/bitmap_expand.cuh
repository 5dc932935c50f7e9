// SPDX-License-Identifier: Apache-2.0
#pragma once

// Compressed -> dense for the lane-chunk format: the bitmap nibbles and the lane streams of a
// staged chunk become operand A of mma.m16n8k16, zeros included. Arithmetic in
// docs/kernels/attention.md, "Expanding a nibble".

#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND {

/// The bitmap bits of one lane in one tile, for nibble h = 0 (first half) and h = 1 of every step.
template <int HeadDim>
struct LaneBits {
  static constexpr int kWordsPerH = HeadDim == 256 ? 2 : 1;
  U32 words[2][kWordsPerH];
};

/// Reads a lane's bits of `tile` from staged bitmaps (64 | 128 | 256 channels: one 4-, 8- or
/// 16-byte load).
template <int HeadDim>
KVROOF_DEVICE LaneBits<HeadDim> load_lane_bits(U32 bitmaps_address, int tile, U32 lane) {
  constexpr int lane_bytes = lane_chunk::units(HeadDim) * 2;
  const U32 address = bitmaps_address +
                      U32(static_cast<unsigned>(tile * lane_chunk::kLanes * lane_bytes)) +
                      lane * static_cast<unsigned>(lane_bytes);
  LaneBits<HeadDim> bits;
  if constexpr (HeadDim == 64) {
    const U32 word = load_shared_at<U32>(address);
    bits.words[0][0] = word & 0xffffu;
    bits.words[1][0] = word >> 16;
  } else if constexpr (HeadDim == 128) {
    const U32x2 pair = load_shared_at<U32x2>(address);
    bits.words[0][0] = pair.x;
    bits.words[1][0] = pair.y;
  } else {
    const U32x4 quad = load_shared_at<U32x4>(address);
    bits.words[0][0] = quad.x;
    bits.words[0][1] = quad.y;
    bits.words[1][0] = quad.z;
    bits.words[1][1] = quad.w;
  }
  return bits;
}

/// By how much nibble_bits() leaves the bits of `Step` shifted up: the factor of the selector
/// absorbs up to 2.
template <int Step>
constexpr int nibble_shift() {
  return Step % lane_chunk::kUnitSteps < 3 ? Step % lane_chunk::kUnitSteps : 0;
}

/// The bits of the nibble of `Step`, at distance 4 and shifted up by nibble_shift<Step>.
template <int Step, int Words>
KVROOF_DEVICE U32 nibble_bits(const U32 (&words)[Words]) {
  constexpr int unit = Step / lane_chunk::kUnitSteps;
  constexpr int shift = Step % lane_chunk::kUnitSteps + 16 * (unit % 2);
  constexpr int absorbed = nibble_shift<Step>();
  const U32 word = shift == absorbed ? words[unit / 2] : words[unit / 2] >> (shift - absorbed);
  return word & (0x1111u << absorbed);
}

/// Selector of byte_permute(window, 0, selector), in bits 0..15, which puts the next values of the
/// window on the set positions of a nibble b0 b1 b2 b3 and zeros on the others.
///
/// With the bits at distance 4, s = b0 + 16 b1 + 256 b2 + 4096 b3, digit i of s * 0x110c + 0x4444
/// is (set bits before i) + (b_i ? 0 : 4): one multiply-add. A shift of s by up to 2 goes into the
/// factor.
template <int Step>
KVROOF_DEVICE U32 nibble_selector(U32 bits) {
  return multiply_add<(0x110cu >> nibble_shift<Step>())>(bits, 0x4444u);
}

/// One lane's walk through its stream of a staged chunk, 256 bytes from slot to slot.
struct LaneStream {
  U32 column;  // address of slot 0, the part below 256: the same for every slot
  /// The rest of that address plus 64 p + (p mod 4) after p elements. Advancing by n is one
  /// multiply-add of 65 n; what that carries into bits 2..5 is cleared before it can reach bit 6
  /// (settle()).
  U32 cursor;
};

/// The stream whose slot 0 lies at `column`, a multiple of 8.
KVROOF_DEVICE LaneStream open_stream(const std::byte* column) {
  const U32 address = shared_address(column);
  return {address & 255u, address & ~255u};
}

/// To be called before the first and then after every 8 nibbles of a stream, 32 elements at most.
KVROOF_DEVICE void settle(LaneStream& stream) { stream.cursor = stream.cursor & ~0x3cu; }

/// The four elements of a nibble as two registers: {element 0, element 1} and {element 2, element
/// 3}.
struct NibbleValues {
  U32 low_pair, high_pair;
};

/// Consumes the elements of the nibble with these bits (of nibble_bits).
template <int Step>
KVROOF_DEVICE NibbleValues expand_nibble(LaneStream& stream, U32 bits) {
  const U32 selector = nibble_selector<Step>(bits);
  const U32 address = and_or<~255u>(stream.cursor, stream.column);
  const U32x2 slot = load_shared_at<U32x2>(address);
  const U32x2 next = load_shared_at<U32x2, lane_chunk::kLineBytes>(address);
  const U32 high_bytes = byte_permute(byte_window(slot.x, next.x, stream.cursor), 0u, selector);
  const U32 low_bytes = byte_permute(byte_window(slot.y, next.y, stream.cursor), 0u, selector);
  stream.cursor = multiply_add<65>(popcount(bits), stream.cursor);
  return {byte_permute(low_bytes, high_bytes, 0x5140u),
          byte_permute(low_bytes, high_bytes, 0x7362u)};
}

/// Operand A of mma.m16n8k16 for one step of a tile: row g from nibble h = 0, row g + 8 from h = 1.
template <int HeadDim, int Step>
KVROOF_DEVICE void expand_step(LaneStream& stream, const LaneBits<HeadDim>& bits, U32 (&a)[4]) {
  if constexpr (Step % 4 == 0) settle(stream);
  const NibbleValues upper = expand_nibble<Step>(stream, nibble_bits<Step>(bits.words[0]));
  const NibbleValues lower = expand_nibble<Step>(stream, nibble_bits<Step>(bits.words[1]));
  a[0] = upper.low_pair;
  a[1] = lower.low_pair;
  a[2] = upper.high_pair;
  a[3] = lower.high_pair;
}

}  // namespace kvroof::KVROOF_BACKEND
