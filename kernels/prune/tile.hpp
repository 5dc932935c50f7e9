// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/prune/rule.hpp"

namespace kvroof::prune {

inline constexpr int kDenseThreads = 128;    // of keep_dense_kernel, a word of the mask each
inline constexpr int kWeightsThreads = 128;  // of the kernels that sum attention weights
inline constexpr int kWeightsSharedBytes = 16 * kWeightsThreads / 32;

/// Compile-time sizes of the mask kernels for one head_dim.
template <int HeadDim>
struct PruneTile {
  static_assert(HeadDim % 64 == 0, "a row's mask is whole 64-bit words");
  static_assert((HeadDim & (HeadDim - 1)) == 0, "entries that compete are found by masking bits");
  static constexpr int kRowWarps = 4;  // rows of a block
  static constexpr int kRowThreads = 32 * kRowWarps;
  static constexpr int kLaneElements = HeadDim / 32;  // of a row

  struct ChannelsShared {
    alignas(8) std::uint64_t scores[HeadDim];
    std::uint32_t words[HeadDim / 32];
  };

  // Bytes of dynamic shared memory; a score has 4 or 8.
  static constexpr std::size_t row_bytes(std::size_t score) { return score * kRowWarps * HeadDim; }
  static constexpr std::size_t group_bytes(std::size_t score) {
    return score * kGroupTokens * HeadDim;
  }
};

}  // namespace kvroof::prune
