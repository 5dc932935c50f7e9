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
  static_assert(HeadDim % 64 == 0, "a lane chooses among the 64 channels of its bitmap units");
  static constexpr int kWarps = lane_chunk::kTiles;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kBlocks = HeadDim == 256 ? 5 : 10;  // of an SM, by shared memory
  static constexpr int kRowLanes = HeadDim / 64;           // that choose a row's survivors together
  static constexpr int kRows =                             // that a warp chooses from at a time
      32 / kRowLanes < lane_chunk::kTileTokens ? 32 / kRowLanes : lane_chunk::kTileTokens;
  static constexpr int kNibbles = 2 * lane_chunk::steps(HeadDim);  // of a lane in a tile
  static constexpr int kRowBytes = 2 * HeadDim;
  static constexpr int kLines = lane_chunk::max_lane_slots(HeadDim);

  struct Shared {
    union {
      // 16 bytes of padding: a quarter of a warp reads 16 bytes of 8 rows in different banks.
      alignas(16) std::byte rows[lane_chunk::kTokens][kRowBytes + 16];
      alignas(
          16) std::byte lines[kLines][lane_chunk::kLineBytes];  // once the rows are in registers
    };
    std::uint32_t units[lane_chunk::kTiles][kRowLanes][lane_chunk::kLanes];
    std::uint32_t counts[lane_chunk::kTiles][lane_chunk::kLanes];  // elements of a lane in a tile
    alignas(8) std::uint32_t ends[lane_chunk::kTiles - 1][lane_chunk::kLanes][2];
    std::uint32_t places[4][16];  // see make_places()
  };
  struct SizeShared {
    std::uint32_t units[lane_chunk::kTiles][kRowLanes][lane_chunk::kLanes];
    std::uint32_t counts[lane_chunk::kTiles][lane_chunk::kLanes];
  };
};

inline constexpr int kScanThreads = 1024;  // of the block that sums the sizes of chunks

struct ScanShared {
  std::uint32_t warp_sums[kScanThreads / 32];
};

}  // namespace kvroof::compress
