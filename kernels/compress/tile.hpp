// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/format/lane_chunk.hpp"

namespace kvroof::compress {

/// Compile-time sizes of the pack kernel for one head_dim: a block packs one chunk, a warp one tile
/// of it.
template <int HeadDim>
struct PackTile {
  static_assert(HeadDim % 32 == 0, "a row is spread evenly over the 32 lanes of a warp");
  static constexpr int kWarps = lane_chunk::kTiles;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kLaneElements = HeadDim / 32;  // of a row, consecutive channels
  // Rows that share one warp reduction: their counts, at most HeadDim each, lie side by side in a
  // register.
  static constexpr int kCountBits = HeadDim < 256 ? 8 : 16;
  static constexpr int kRows = 32 / kCountBits;
  static constexpr int kLines = lane_chunk::max_lane_slots(HeadDim);

  struct Shared {
    // 2 elements of padding: threads that read one channel of neighbouring tokens meet in different
    // banks.
    alignas(16) std::uint16_t rows[lane_chunk::kTokens][HeadDim + 2];
    std::uint8_t kept[lane_chunk::kTokens][32];  // bit e: element e of the lane survives
    alignas(16) std::byte lines[kLines][lane_chunk::kLineBytes];
    std::uint32_t counts[lane_chunk::kTiles][lane_chunk::kLanes];  // elements of a lane in a tile
  };
};

}  // namespace kvroof::compress
