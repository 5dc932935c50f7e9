// SPDX-License-Identifier: Apache-2.0
#pragma once

// The steps of the pack kernel's twin (pack_twin.cu): choosing, dealing, writing streams.

#include <cuda_runtime.h>

#include "kernels/compress/problem.hpp"
#include "kernels/compress/tile.hpp"

namespace kvroof::twin {

using compress::PackProblem;

constexpr int kHeadDim = 128;
using Tile = compress::PackTile<kHeadDim>;
using Shared = Tile::Shared;
constexpr int kParts = Tile::kRowLanes;  // of a row, 64 channels each
constexpr int kPlanes = 15;
constexpr int kRowBytes = Tile::kRowBytes;
constexpr int kStride = kRowBytes + 16;  // of rows in shared memory
constexpr int kTileTokens = lane_chunk::kTileTokens;
constexpr unsigned kAllLanes = 0xffffffffu;
static_assert(kParts == 2 && Tile::kRows == 16, "lanes l and l + 16 share a row");

using Planes = unsigned[2][kPlanes];
using Words = unsigned[2];

// ---- bits

/// LOP3 and multiply-highs that the compiler does not take apart.
template <unsigned Table>
__device__ __forceinline__ unsigned lop3(unsigned a, unsigned b, unsigned c) {
  unsigned result;
  asm("lop3.b32 %0, %1, %2, %3, %4;" : "=r"(result) : "r"(a), "r"(b), "r"(c), "n"(Table));
  return result;
}
template <int Shift>
__device__ __forceinline__ unsigned shift_right(unsigned value) {
  unsigned result;
  asm("mul.hi.u32 %0, %1, %2;" : "=r"(result) : "r"(value), "n"(1u << (32 - Shift)));
  return result;
}
template <unsigned Factor>
__device__ __forceinline__ unsigned multiply_add(unsigned value, unsigned addend) {
  unsigned result;
  asm("mad.lo.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(value), "n"(Factor), "r"(addend));
  return result;
}
__device__ __forceinline__ unsigned select_bits(unsigned mask, unsigned set, unsigned clear) {
  return lop3<0xca>(mask, set, clear);
}
template <int Distance, unsigned Low>
__device__ __forceinline__ unsigned swap_bits(unsigned word) {
  const unsigned swapped = select_bits(Low, word >> Distance, word << Distance);
  if constexpr ((Low | Low << Distance) == ~0u) return swapped;
  return select_bits(Low | Low << Distance, swapped, word);
}
template <int Distance, unsigned Mask>
__device__ __forceinline__ void transpose_step(unsigned (&words)[16]) {
#pragma unroll
  for (int i = 0; i < 16; ++i) {
    if (i & Distance) continue;
    const unsigned upper = words[i], lower = words[i + Distance];
    words[i] = select_bits(Mask, upper, lower << Distance);
    words[i + Distance] = select_bits(Mask, shift_right<Distance>(upper), lower);
  }
}
__device__ __forceinline__ void transpose(unsigned (&words)[16]) {
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const unsigned upper = words[i], lower = words[i + 8];
    words[i] = __byte_perm(upper, lower, 0x6240);
    words[i + 8] = __byte_perm(upper, lower, 0x7351);
  }
  transpose_step<4, 0x0f0f0f0fu>(words);
  transpose_step<2, 0x33333333u>(words);
  transpose_step<1, 0x55555555u>(words);
}

// ---- choosing

__device__ __forceinline__ void load_planes(const std::byte* row, Planes& planes) {
#pragma unroll
  for (int word = 0; word < 2; ++word) {
    unsigned pairs[16];
#pragma unroll
    for (int quad = 0; quad < 4; ++quad) {
      const uint4 four = *reinterpret_cast<const uint4*>(row + 64 * word + 16 * quad);
      pairs[8 * quad % 16 + quad / 2] = four.x;
      pairs[(8 * quad + 2) % 16 + quad / 2] = four.y;
      pairs[(8 * quad + 4) % 16 + quad / 2] = four.z;
      pairs[(8 * quad + 6) % 16 + quad / 2] = four.w;
    }
    transpose(pairs);
#pragma unroll
    for (int bit = 0; bit < kPlanes; ++bit) planes[word][bit] = pairs[bit];
  }
}

__device__ __forceinline__ void rank_nans_alike(bool is_bf16, Planes& planes) {
  Words nans;
#pragma unroll
  for (int word = 0; word < 2; ++word) {
    const auto& p = planes[word];
    const unsigned exponent = p[14] & p[13] & p[12] & p[11] & p[10];
    const unsigned fraction = p[6] | p[5] | p[4] | p[3] | p[2] | p[1] | p[0];
    nans[word] = is_bf16 ? exponent & p[9] & p[8] & p[7] & fraction
                         : exponent & (p[9] | p[8] | p[7] | fraction);
  }
  if (!__any_sync(kAllLanes, (nans[0] | nans[1]) != 0)) return;
#pragma unroll
  for (int word = 0; word < 2; ++word) {
#pragma unroll
    for (int bit = 0; bit < kPlanes; ++bit) planes[word][bit] |= nans[word];
  }
}

__device__ __forceinline__ unsigned count_of_row(unsigned word0, unsigned word1) {
  const unsigned count = __popc(word0) + __popc(word1);
  return count + __shfl_xor_sync(kAllLanes, count, 16);
}

struct Choice {
  Words candidates, chosen;
  unsigned room;
};
__device__ __forceinline__ void narrow(Choice& choice, unsigned plane0, unsigned plane1) {
  const Words first = {choice.candidates[0] & plane0, choice.candidates[1] & plane1};
  const unsigned count = count_of_row(first[0], first[1]);
  unsigned taken;
  asm("mul.hi.s32 %0, %1, 2;" : "=r"(taken) : "r"(count - choice.room));
  choice.candidates[0] = lop3<0x60>(choice.candidates[0], plane0, taken);
  choice.candidates[1] = lop3<0x60>(choice.candidates[1], plane1, taken);
  choice.chosen[0] = lop3<0xf8>(choice.chosen[0], first[0], taken);
  choice.chosen[1] = lop3<0xf8>(choice.chosen[1], first[1], taken);
  choice.room += count * taken;
}

__device__ __forceinline__ void choose_largest(const Planes& planes, int kept, unsigned part,
                                               Words& chosen) {
  Choice choice{{~0u, ~0u}, {0, 0}, static_cast<unsigned>(kept)};
#pragma unroll
  for (int bit = kPlanes - 1; bit >= 0; --bit) narrow(choice, planes[0][bit], planes[1][bit]);
  const unsigned ties = count_of_row(choice.candidates[0], choice.candidates[1]);
  if (__any_sync(kAllLanes, ties > choice.room)) {
    const unsigned lower_part = (part & 1u) == 0 ? ~0u : 0u;
    narrow(choice, lower_part, lower_part);
    narrow(choice, ~0u, 0u);
    narrow(choice, 0x55555555u, 0x55555555u);
    narrow(choice, 0x00ff00ffu, 0x00ff00ffu);
    narrow(choice, 0x0f0f0f0fu, 0x0f0f0f0fu);
    narrow(choice, 0x33333333u, 0x33333333u);
    narrow(choice, 0x0000ffffu, 0x0000ffffu);
  }
  chosen[0] = choice.chosen[0] | choice.candidates[0];
  chosen[1] = choice.chosen[1] | choice.candidates[1];
}

// ---- rows

struct RingRows {
  std::int64_t first;
  int wrap, capacity;
};
__device__ __forceinline__ RingRows find_rows(const PackProblem& problem, std::int64_t head_row,
                                              int chunk) {
  int row = chunk * lane_chunk::kTokens;
  if (row >= problem.row_capacity) row = row % problem.row_capacity;
  return {head_row * problem.row_capacity + row,
          min(problem.row_capacity - row, lane_chunk::kTokens), problem.row_capacity};
}
__device__ __forceinline__ const std::byte* row_at(const void* array, const RingRows& ring,
                                                   unsigned token, int row_bytes) {
  const std::byte* row = static_cast<const std::byte*>(array) + ring.first * row_bytes +
                         token * static_cast<unsigned>(row_bytes);
  if (token >= static_cast<unsigned>(ring.wrap)) row -= std::int64_t{ring.capacity} * row_bytes;
  return row;
}

__device__ __forceinline__ void load_tile(const PackProblem& problem, const RingRows& ring,
                                          int warp, unsigned lane, Shared& shared) {
  constexpr int rounds = kTileTokens * kRowBytes / 512;
  const unsigned first = lane / 16 + warp * kTileTokens;
  const unsigned column = lane % 16 * 16;
  std::byte* const target = &shared.rows[0][0] + first * kStride + column;
  if (ring.wrap < lane_chunk::kTokens) {
#pragma unroll 1
    for (int i = 0; i < rounds; ++i) {
      const std::byte* row = row_at(problem.rows, ring, first + 2 * i, kRowBytes);
      *reinterpret_cast<uint4*>(target + i * 2 * kStride) =
          *reinterpret_cast<const uint4*>(row + column);
    }
    return;
  }
  const std::byte* const source = row_at(problem.rows, ring, first, kRowBytes) + column;
  uint4 loaded[rounds];
#pragma unroll
  for (int i = 0; i < rounds; ++i)
    loaded[i] = *reinterpret_cast<const uint4*>(source + i * 2 * kRowBytes);
#pragma unroll
  for (int i = 0; i < rounds; ++i) *reinterpret_cast<uint4*>(target + i * 2 * kStride) = loaded[i];
}

// ---- dealing

__device__ __forceinline__ unsigned order_by_owner(unsigned word, int step_pair, unsigned part) {
  const unsigned flips_t0 = ((part & 1u) != 0 ? ~0u : 0u) ^ 0x5a5a5a5au;
  const unsigned flips_t1 =
      ((part & 2u) != 0 ? ~0u : 0u) ^ (step_pair == 0 ? 0xff00ff00u : 0x00ff00ffu);
  word = select_bits(flips_t0, __byte_perm(word, word, 0x1032), word);
  return select_bits(flips_t1, swap_bits<2, 0x33333333u>(word), word);
}

__device__ __forceinline__ void prune_tile(const PackProblem& problem, const RingRows& ring,
                                           int warp, unsigned lane, Shared& shared) {
  const unsigned row = lane % 16, part = lane / 16;
  const unsigned token = row + warp * kTileTokens;
  Words chosen;
  if (problem.masks != nullptr) {
    const uint2 words = *reinterpret_cast<const uint2*>(
        row_at(problem.masks, ring, token, kHeadDim / 8) + part * 8);
    chosen[0] = swap_bits<15, 0x0000aaaau>(words.x);
    chosen[1] = swap_bits<15, 0x0000aaaau>(words.y);
  } else {
    Planes planes;
    load_planes(&shared.rows[0][0] + token * kStride + part * 128, planes);
    rank_nans_alike(problem.value_type == ValueType::kBF16, planes);
    choose_largest(planes, problem.kept, part, chosen);
  }
  chosen[0] = order_by_owner(chosen[0], 0, part);
  chosen[1] = order_by_owner(chosen[1], 1, part);
  const Words dealt = {select_bits(0x33333333u, chosen[0], chosen[1] << 2),
                       select_bits(0x33333333u, chosen[0] >> 2, chosen[1])};
  auto* own =
      reinterpret_cast<std::uint16_t*>(&shared.units[warp][part][0]) + (row & 7u) * 2 + (row >> 3);
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    own[32 * i] = static_cast<std::uint16_t>(dealt[i]);
    own[32 * i + 16] = static_cast<std::uint16_t>(dealt[i] >> 16);
  }
}

// ---- streams

struct Elements {
  unsigned high[Tile::kNibbles], low[Tile::kNibbles];
};
__device__ __forceinline__ void load_elements(const std::byte* rows, unsigned lane,
                                              Elements& elements) {
  const std::byte* row = rows + (lane >> 2) * kStride;
#pragma unroll
  for (int n = 0; n < Tile::kNibbles; ++n) {
    unsigned four[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      four[i] = reinterpret_cast<const std::uint16_t*>(
          row + n % 2 * 8 * kStride)[lane_chunk::key_channel(lane & 3u, n / 2, i)];
    }
    const unsigned first = multiply_add<65536>(four[1], four[0]);
    const unsigned last = multiply_add<65536>(four[3], four[2]);
    elements.low[n] = __byte_perm(first, last, 0x6420);
    elements.high[n] = __byte_perm(first, last, 0x7531);
  }
}

__device__ __forceinline__ void make_places(std::uint32_t* places) {
  if (threadIdx.x >= 64) return;
  unsigned shift = (threadIdx.x >> 4 & 3u) * 4;
  unsigned digits = 0x3210u & ((1u << shift) - 1);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const bool survives = (threadIdx.x >> i & 1u) != 0;
    digits |= survives ? (4u + i) << shift : 0u;
    shift += survives ? 4u : 0u;
  }
  const unsigned slot = digits & 0xffffu;
  places[threadIdx.x] = slot | (shift >= 16 ? digits >> 16 : slot) << 16;
}

__device__ __forceinline__ uint2* slot_at(Shared& shared, unsigned position, unsigned lane) {
  return reinterpret_cast<uint2*>(&shared.lines[0][0] +
                                  ((position & ~255u) | (lane * lane_chunk::kSlotBytes)));
}

struct Stream {
  unsigned position, high, low;
};
__device__ __forceinline__ void append(Stream& stream, unsigned high, unsigned low,
                                       unsigned survivors, unsigned lane, Shared& shared) {
  const unsigned place = *reinterpret_cast<const unsigned*>(
      reinterpret_cast<const std::byte*>(shared.places) + ((stream.position & 0xc0u) | survivors));
  const unsigned position = multiply_add<64>(__popc(survivors), stream.position);
  const uint2 slot =
      make_uint2(__byte_perm(stream.high, high, place), __byte_perm(stream.low, low, place));
  if ((position ^ stream.position) & 256u) *slot_at(shared, stream.position, lane) = slot;
  const unsigned rest = shift_right<16>(place);
  stream = {position, __byte_perm(stream.high, high, rest), __byte_perm(stream.low, low, rest)};
}

template <int N>
__device__ __forceinline__ void append_nibbles(Stream& stream, const Elements& elements,
                                               const Words& nibbles, unsigned lane,
                                               Shared& shared) {
  if constexpr (N < Tile::kNibbles) {
    constexpr int first_bit = 16 * (N % 2) + 4 * (N / 2 % 4);
    unsigned shifted;
    if constexpr (first_bit < 2) {
      shifted = nibbles[N / 8] << (2 - first_bit);
    } else {
      shifted = shift_right<first_bit - 2>(nibbles[N / 8]);
    }
    append(stream, elements.high[N], elements.low[N], shifted & 0x3cu, lane, shared);
    append_nibbles<N + 1>(stream, elements, nibbles, lane, shared);
  }
}

__device__ __forceinline__ Stream write_stream(const Elements& elements, const Words& units,
                                               unsigned begin, unsigned lane, Shared& shared) {
  Stream stream{begin * 64, 0, 0};
  const Words nibbles = {swap_bits<6, 0x00cc00ccu>(swap_bits<3, 0x0a0a0a0au>(units[0])),
                         swap_bits<6, 0x00cc00ccu>(swap_bits<3, 0x0a0a0a0au>(units[1]))};
  append_nibbles<0>(stream, elements, nibbles, lane, shared);
  const unsigned mask = (1u << (stream.position >> 3 & 24u)) - 1;
  stream.high &= mask;
  stream.low &= mask;
  return stream;
}

}  // namespace kvroof::twin
