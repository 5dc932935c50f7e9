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

/// Queries of HeadTiles x 8 heads in registers: operator() gives the operand of a head tile and
/// step.
template <int HeadDim, int HeadTiles>
struct RegisterQueries {
  QueryFragments<HeadDim> fragments[HeadTiles];
  KVROOF_DEVICE U32x2 operator()(int head_tile, int step) const {
    return {fragments[head_tile].b[step][0], fragments[head_tile].b[step][1]};
  }
};

/// The same in shared memory, each lane its own words, where registers do not suffice.
template <int HeadDim, int HeadTiles>
struct SharedQueries {
  using Words = std::uint32_t[HeadTiles][lane_chunk::steps(HeadDim)][kWarpSize][2];
  Words& words;
  U32 lane;

  KVROOF_DEVICE void store(int head_tile, const QueryFragments<HeadDim>& fragments) const {
    KVROOF_UNROLL
    for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
      store_shared<U32x2>(&words[head_tile][step][0][0] + lane * 2u,
                          U32x2{fragments.b[step][0], fragments.b[step][1]});
    }
  }
  KVROOF_DEVICE U32x2 operator()(int head_tile, int step) const {
    return load_shared<U32x2>(&words[head_tile][step][0][0] + lane * 2u);
  }
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

/// -q: only the sign bits of the 16-bit values change.
template <int HeadDim>
KVROOF_DEVICE void negate(QueryFragments<HeadDim>& queries) {
  KVROOF_UNROLL
  for (auto& step : queries.b) {
    step[0] = step[0] ^ 0x80008000u;
    step[1] = step[1] ^ 0x80008000u;
  }
}

}  // namespace kvroof::KVROOF_BACKEND
