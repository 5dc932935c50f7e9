// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/attention/tile.hpp"
#include "kernels/format/two_four.hpp"

namespace kvroof::two_four {

/// Compile-time sizes of the 2:4 decode for one head_dim, and the layout of a warp's shared memory:
///
///   | barrier objects | key chunk | value chunk |
///
/// For the dense window the same bytes hold 16 rows of keys and 16 of values; at the end they hold
/// what the warp leaves for the merge in the block. Both begin with the barrier objects.
template <int HeadDim>
struct DecodeTile {
  using Attention = attention::DecodeTile<HeadDim>;
  static constexpr int kMaxWarps = 12;  // 168 registers per thread at one block per SM
  static constexpr int kMaxThreads = 32 * kMaxWarps;

  static constexpr std::int64_t kKeyOffset = sizeof(typename Attention::CopyBarriers);
  static constexpr std::int64_t kValueOffset = kKeyOffset + chunk_bytes(HeadDim);
  static constexpr std::int64_t kWarpBytes = kValueOffset + chunk_bytes(HeadDim);
  static_assert(kKeyOffset % 16 == 0 && kWarpBytes % 16 == 0, "copies and loads are 16 bytes wide");
  static_assert(sizeof(typename Attention::MergeShared) <= kWarpBytes,
                "a warp's chunks leave room for its result");
};

}  // namespace kvroof::two_four
