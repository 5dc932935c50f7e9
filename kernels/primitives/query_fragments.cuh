// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND {

/// The queries of up to 8 heads as operand B of mma.m16n8k16 (16 channels x 8 heads per step).
template <int HeadDim>
struct QueryFragments {
  U32 b[lane_chunk::steps(HeadDim)][2];
};

/// Which channel of a key row read by load_matrix_x4 an operand register holds. The mma does not
/// care which is where, as long as queries and keys agree.
struct RowOrder {
  KVROOF_DEVICE U32 key_channel(U32 t, int step, int i) const {
    return t * 2u +
           static_cast<unsigned>(step * lane_chunk::kStepChannels + (i & 1) + 8 * (i >> 1));
  }
};

/// Loads `heads` queries, [heads, HeadDim]; heads beyond them, and channels that `order` puts
/// beyond HeadDim, are 0.
template <class Value, int HeadDim, class Order>
KVROOF_DEVICE void load_queries(const Value* first, int heads, const Order& order, U32 lane,
                                QueryFragments<HeadDim>& queries) {
  const U32 g = lane >> 2;
  const U32 t = lane & 3u;
  const bool has_head = static_cast<int>(as_int(g)) < heads;
  const auto load = [&](int step, int i) {
    const U32 channel = order.key_channel(t, step, i);
    return load_global_u16_if(has_head && channel < static_cast<unsigned>(HeadDim),
                              first + (g * static_cast<unsigned>(HeadDim) + channel));
  };
  KVROOF_UNROLL
  for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
    KVROOF_UNROLL
    for (int pair = 0; pair < 2; ++pair)
      queries.b[step][pair] = load(step, 2 * pair) | (load(step, 2 * pair + 1) << 16);
  }
}

}  // namespace kvroof::KVROOF_BACKEND
