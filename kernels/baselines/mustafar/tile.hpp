// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/format/mustafar_tile.hpp"

namespace kvroof::mustafar {

// Launch shapes as published (kernel/csrc/SpMM_API.cu): key blocks of 4 warps with 64 tokens each,
// value blocks of a warp per 64 channels.
inline constexpr int kKeyWarps = 4;
inline constexpr int kSoftmaxThreads = 256;
constexpr int value_warps(int head_dim) { return head_dim / kTile; }
/// Blocks of the key kernel along the tokens; at least one, because a grid cannot be empty.
constexpr int key_blocks(int max_kv_len) {
  constexpr int tokens = kKeyWarps * kTile;
  return max_kv_len > tokens ? (max_kv_len - 1) / tokens + 1 : 1;
}

/// Where a warp expands 64 tiles: element i of tile c at [i][c]. As published without padding, so
/// that lanes store to banks of their own; the price are conflicts of the matrix loads.
struct ExpandedTiles {
  alignas(16) std::uint16_t elements[kTile][kTile];
};

/// Shared memory of a warp of the value kernel: at the end, what the window adds to each channel.
union ValueShared {
  ExpandedTiles tiles;
  float window[kTile];
};

}  // namespace kvroof::mustafar
