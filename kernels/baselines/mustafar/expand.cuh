// SPDX-License-Identifier: Apache-2.0
#pragma once

// Compressed tiles to a dense 64 x 64 matrix in shared memory, and that matrix times a vector.

#include "kernels/baselines/mustafar/problem.hpp"
#include "kernels/baselines/mustafar/tile.hpp"
#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND::mustafar {

using kvroof::mustafar::ExpandedTiles;
using kvroof::mustafar::kPadValues;
using kvroof::mustafar::kTile;
using kvroof::mustafar::Problem;
using kvroof::mustafar::TileOperand;

inline constexpr int kLaneTiles = kTile / kWarpSize;  // columns that a lane expands
inline constexpr int kSteps = kTile / 16;             // of the mma, along rows and along columns

/// The tiles of one kv head.
struct TileHead {
  const std::uint64_t* bitmaps;
  const std::int32_t* offsets;
  const std::uint16_t* values;
};
KVROOF_DEVICE TileHead tile_head(const TileOperand& operand, std::int64_t row, int tile_capacity) {
  const auto first = static_cast<std::uint32_t>(load_global<U32>(operand.head_offsets + row));
  return {
      operand.bitmaps + row * tile_capacity, operand.offsets + row * (tile_capacity + 1),
      operand.values + static_cast<std::int64_t>(first) * (kvroof::mustafar::kHeadOffsetBytes / 2)};
}

/// A lane's two tiles on their way to shared memory.
struct LaneTiles {
  U32x2 bitmaps[kLaneTiles];  // y: elements 0 .. 31, the first in the highest bit
  U32 counts[kLaneTiles];
  U32x4 values[kLaneTiles][kTile / kPadValues];
};

/// Loads tiles first + 2 lane and the next one.
KVROOF_DEVICE void load_tiles(const TileHead& head, std::int64_t first, LaneTiles& tiles) {
  KVROOF_UNROLL
  for (int i = 0; i < kLaneTiles; ++i) {
    const U32 column = lane_index() * static_cast<unsigned>(kLaneTiles) + static_cast<unsigned>(i);
    tiles.bitmaps[i] = load_global<U32x2>(head.bitmaps + first + column);
    tiles.counts[i] = popcount(tiles.bitmaps[i].x) + popcount(tiles.bitmaps[i].y);
    const U32 offset = load_global<U32>(head.offsets + first + column);
    const std::uint16_t* values = head.values + offset * 2u;
    KVROOF_UNROLL
    for (int j = 0; j < kTile / kPadValues; ++j) {
      tiles.values[i][j] = load_global_if<U32x4>(
          tiles.counts[i] > static_cast<unsigned>(j * kPadValues), values + j * kPadValues);
    }
  }
}

KVROOF_DEVICE U32 value_of(const U32x4& values, int index) {
  const U32 word = index / 2 == 0   ? values.x
                   : index / 2 == 1 ? values.y
                   : index / 2 == 2 ? values.z
                                    : values.w;
  return index % 2 == 0 ? word : word >> 16;
}

/// Takes the first set bit from a bitmap and returns its element; anything when none is left.
KVROOF_DEVICE U32 take_element(U32x2& bitmap) {
  const bool in_first = bitmap.y != 0u;
  const U32 word = select(in_first, bitmap.y, bitmap.x) | 1u;
  const U32 lead = count_leading_zeros(word);
  const U32 others = ~(U32(0x80000000u) >> lead);
  bitmap.y = select(in_first, bitmap.y & others, bitmap.y);
  bitmap.x = select(in_first, bitmap.x, bitmap.x & others);
  return lead + select(in_first, U32(0u), U32(32u));
}

/// Writes the lane's tiles as columns 2 lane and 2 lane + 1, zeros where nothing was kept.
/// Called by: all 32 lanes, converged; the matrix is then visible to all of them.
KVROOF_DEVICE void expand_tiles(LaneTiles& tiles, ExpandedTiles& matrix) {
  const U32 lane = lane_index();
  sync_warp();  // every lane is done with what the matrix held
  constexpr int pieces = kTile * kTile / (8 * kWarpSize);
  KVROOF_UNROLL
  for (int piece = 0; piece < pieces; ++piece) {
    store_shared<U32x4>(
        &matrix.elements[0][0] + (lane + static_cast<unsigned>(piece * kWarpSize)) * 8u,
        U32x4{0u, 0u, 0u, 0u});
  }
  sync_warp();
  const int most = as_int(warp_max(max_u32(tiles.counts[0], tiles.counts[1])));
  KVROOF_UNROLL
  for (int k = 0; k < kTile; ++k) {
    if (k >= most) break;
    KVROOF_UNROLL
    for (int i = 0; i < kLaneTiles; ++i) {
      const bool valid = tiles.counts[i] > static_cast<unsigned>(k);
      const U32 row = take_element(tiles.bitmaps[i]);
      store_shared_u16_if(valid,
                          &matrix.elements[0][i] + row * static_cast<unsigned>(kTile) +
                              lane * static_cast<unsigned>(kLaneTiles),
                          value_of(tiles.values[i][k / kPadValues], k % kPadValues));
    }
  }
  sync_warp();
}

/// 64 numbers as column 0 of operand B; the other seven columns are 0, as published.
struct Vector {
  U32 b[kSteps][2];
};
template <class Value>
KVROOF_DEVICE void load_vector(const Value* first, Vector& vector) {
  const U32 g = lane_index() >> 2;
  const U32 t = lane_index() & 3u;
  KVROOF_UNROLL
  for (int step = 0; step < kSteps; ++step) {
    KVROOF_UNROLL
    for (int half = 0; half < 2; ++half) {
      vector.b[step][half] = load_global_if<U32>(
          g == 0u, first + (t * 2u + static_cast<unsigned>(16 * step + 8 * half)));
    }
  }
}

/// sums += matrix x vector: rows 16 m + g and 16 m + g + 8 end in sums[m][0] and sums[m][2] of
/// lanes 4 g. Called by: all 32 lanes, converged.
template <class Value>
KVROOF_DEVICE void multiply_matrix(const ExpandedTiles& matrix, const Vector& vector,
                                   F32 (&sums)[kSteps][4]) {
  const U32 row = lane_index() & 15u;
  const U32 column = (lane_index() >> 4) * 8u;
  KVROOF_UNROLL
  for (int m = 0; m < kSteps; ++m) {
    KVROOF_UNROLL
    for (int step = 0; step < kSteps; ++step) {
      U32 a[4];
      load_matrix_x4(
          a, &matrix.elements[16 * m][16 * step] + row * static_cast<unsigned>(kTile) + column);
      mma_m16n8k16<Value>(sums[m], a, vector.b[step][0], vector.b[step][1]);
    }
  }
}

}  // namespace kvroof::KVROOF_BACKEND::mustafar
