// SPDX-License-Identifier: Apache-2.0
#pragma once

// Survivors of a lane into its stream of slots.

#include "kernels/compress/deal.cuh"
#include "kernels/compress/tile.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/primitives/static_for.cuh"

namespace kvroof::KVROOF_BACKEND::compress {

using kvroof::compress::PackTile;

/// A lane's elements of a tile, four to a register: nibble 2 step + h, element i in byte i.
template <int HeadDim>
struct LaneElements {
  U32 high[PackTile<HeadDim>::kNibbles];
  U32 low[PackTile<HeadDim>::kNibbles];
};

/// Keys: four channels of one token, each in another word.
template <int HeadDim>
KVROOF_DEVICE void load_keys(const std::byte* rows, U32 lane, LaneElements<HeadDim>& elements) {
  constexpr int stride = PackTile<HeadDim>::kRowBytes + 16;
  const std::byte* row = rows + (lane >> 2) * static_cast<unsigned>(stride);
  const U32 t = lane & 3u;
  KVROOF_UNROLL
  for (int n = 0; n < PackTile<HeadDim>::kNibbles; ++n) {
    U32 four[4];
    KVROOF_UNROLL
    for (int i = 0; i < lane_chunk::kNibble; ++i) {
      four[i] =
          load_shared_u16(row + n % 2 * 8 * stride + lane_chunk::key_channel(t, n / 2, i) * 2u);
    }
    // Multiply-adds, because the integer ALU is what the kernel is short of.
    const U32 first = multiply_add<65536>(four[1], four[0]);
    const U32 last = multiply_add<65536>(four[3], four[2]);
    elements.low[n] = byte_permute(first, last, 0x6420u);
    elements.high[n] = byte_permute(first, last, 0x7531u);
  }
}

/// Values: four tokens of one channel, which a transposed 8 x 8 matrix holds in pairs.
/// Called by: all 32 lanes, converged.
template <int HeadDim>
KVROOF_DEVICE void load_values(const std::byte* rows, U32 lane, LaneElements<HeadDim>& elements) {
  constexpr unsigned stride = PackTile<HeadDim>::kRowBytes + 16;
  const std::byte* row = rows + (lane & 15u) * stride + (lane >> 4) * 16u;
  KVROOF_UNROLL
  for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
    U32 pairs[4];  // h = 0: tokens 2t and 2t + 1, then 8 more; h = 1 likewise
    load_matrix_x4_transposed(pairs, row + step * lane_chunk::kStepChannels * 2);
    KVROOF_UNROLL
    for (int h = 0; h < 2; ++h) {
      elements.low[2 * step + h] = byte_permute(pairs[2 * h], pairs[2 * h + 1], 0x6420u);
      elements.high[2 * step + h] = byte_permute(pairs[2 * h], pairs[2 * h + 1], 0x7531u);
    }
  }
}

/// For the pending elements of a slot (0 to 3) and the survivors among the next four: where bytes
/// go, as selectors of byte_permute(pending, next). Low half: the slot with the next survivors
/// behind the pending elements; high half: what is pending afterwards. Bytes behind the last
/// element are arbitrary.
/// Called by: the first 64 threads at least.
KVROOF_DEVICE void make_places(std::uint32_t* places) {
  const U32 thread = thread_index();
  const U32 pending = (thread >> 4) & 3u;
  U32 shift = pending * 4u;
  U32 digits = U32(0x3210u) & ((U32(1u) << shift) - 1u);
  KVROOF_UNROLL
  for (int i = 0; i < lane_chunk::kNibble; ++i) {
    const bool survives = ((thread >> i) & 1u) != 0u;
    digits = digits | select(survives, U32(4u + i) << shift, U32(0u));
    shift = select(survives, shift + 4u, shift);
  }
  const U32 slot = digits & 0xffffu;
  const U32 rest = select(shift >= 16u, digits >> 16, slot);
  store_shared_if<U32>(thread < 64u, places + thread, slot | (rest << 16));
}

/// Where a lane's stream has come to.
struct Stream {
  U32 position;  // 64 times the number of elements so far
  U32 high;      // of the slot that is being filled
  U32 low;
};

/// The slot of the element at `position` in the lines of slots.
KVROOF_DEVICE std::byte* slot_at(std::byte* lines, U32 position, U32 lane) {
  static_assert(lane_chunk::kLineBytes == 64 * lane_chunk::kSlotElements, "see Stream::position");
  return lines + ((position & ~255u) | (lane * lane_chunk::kSlotBytes));
}

/// Appends those of four elements that `survivors` names: bits 2 to 5, others are 0.
KVROOF_DEVICE void append(Stream& stream, U32 high, U32 low, U32 survivors, U32 lane,
                          const std::uint32_t* places, std::byte* lines) {
  const U32 entry = (stream.position & 0xc0u) | survivors;
  const U32 place = load_shared<U32>(reinterpret_cast<const std::byte*>(places) + entry);
  const U32 position = multiply_add<64>(popcount(survivors), stream.position);
  const bool full = ((position ^ stream.position) & 256u) != 0u;
  const U32x2 slot{byte_permute(stream.high, high, place), byte_permute(stream.low, low, place)};
  store_shared_if(full, slot_at(lines, stream.position, lane), slot);
  const U32 rest = multiply_shift_right<16>(place);
  stream = {position, byte_permute(stream.high, high, rest), byte_permute(stream.low, low, rest)};
}

/// Appends the survivors of a tile to the lane's stream, from element number `begin` on: full slots
/// to `lines`. Bytes of the first slot that are other tiles' become 0. Returns what is pending,
/// zeros behind it. `units` as load_units() gives them.
template <int HeadDim>
KVROOF_DEVICE Stream write_stream(const LaneElements<HeadDim>& elements,
                                  const U32 (&units)[PackTile<HeadDim>::kRowLanes], U32 begin,
                                  U32 lane, const std::uint32_t* places, std::byte* lines) {
  Stream stream{begin * 64u, 0u, 0u};
  U32 nibbles[PackTile<HeadDim>::kRowLanes];  // of step r and h: bits 16 h + 4 r and up
  KVROOF_UNROLL
  for (int part = 0; part < PackTile<HeadDim>::kRowLanes; ++part)
    nibbles[part] = transpose_units(units[part]);
  static_for<PackTile<HeadDim>::kNibbles>([&](auto n) {
    constexpr int step = n() / 2;
    constexpr int first_bit = 16 * (n() % 2) + 4 * (step % lane_chunk::kUnitSteps);
    const U32 part = nibbles[step / lane_chunk::kUnitSteps];
    U32 shifted;
    if constexpr (first_bit < 2) {
      shifted = part << (2 - first_bit);
    } else {
      shifted = multiply_shift_right<first_bit - 2>(part);
    }
    append(stream, elements.high[n()], elements.low[n()], shifted & 0x3cu, lane, places, lines);
  });
  const U32 pending = (stream.position >> 3) & 24u;  // bits
  const U32 mask = (U32(1u) << pending) - 1u;
  stream.high = stream.high & mask;
  stream.low = stream.low & mask;
  return stream;
}

}  // namespace kvroof::KVROOF_BACKEND::compress
