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
  KVROOF_DEVICE void store(int head_tile, int step, U32x2 b) {
    fragments[head_tile].b[step][0] = b.x;
    fragments[head_tile].b[step][1] = b.y;
  }
  KVROOF_DEVICE U32x2 operator()(int head_tile, int step) const {
    return {fragments[head_tile].b[step][0], fragments[head_tile].b[step][1]};
  }
};

/// The same in shared memory, each lane its own words, where registers do not suffice.
template <int HeadDim, int HeadTiles>
struct SharedQueries {
  struct Shared {
    std::uint32_t words[HeadTiles][lane_chunk::steps(HeadDim)][kWarpSize][2];
  };
  Shared& shared;
  U32 lane;

  KVROOF_DEVICE void store(int head_tile, int step, U32x2 b) const {
    store_shared<U32x2>(&shared.words[head_tile][step][0][0] + lane * 2u, b);
  }
  KVROOF_DEVICE U32x2 operator()(int head_tile, int step) const {
    return load_shared<U32x2>(&shared.words[head_tile][step][0][0] + lane * 2u);
  }
};

/// Which channel of a key row read by load_matrix_x4 an operand register holds. The mma does not
/// care which is where, as long as queries and keys agree.
struct RowOrder {
  static constexpr bool kPairsAdjoin = true;  // i = 0, 1 and i = 2, 3 are neighbours
  KVROOF_DEVICE U32 key_channel(U32 t, int step, int i) const {
    return t * 2u +
           static_cast<unsigned>(step * lane_chunk::kStepChannels + (i & 1) + 8 * (i >> 1));
  }
};

/// Operand B of one step of `heads` queries, [heads, HeadDim]; heads beyond them, and channels that
/// `order` puts beyond HeadDim, are 0.
template <class Value, int HeadDim, class Order>
KVROOF_DEVICE U32x2 load_query_step(const Value* first, int heads, const Order& order, U32 lane,
                                    int step) {
  const U32 g = lane >> 2;
  const U32 t = lane & 3u;
  const bool has_head = as_int(g) < heads;
  if constexpr (Order::kPairsAdjoin) {
    const Value* own = first + g * static_cast<unsigned>(HeadDim);
    return {load_global_if<U32>(has_head, own + order.key_channel(t, step, 0)),
            load_global_if<U32>(has_head, own + order.key_channel(t, step, 2))};
  }
  const auto load = [&](int i) {
    const U32 channel = order.key_channel(t, step, i);
    return load_global_u16_if(has_head && channel < static_cast<unsigned>(HeadDim),
                              first + (g * static_cast<unsigned>(HeadDim) + channel));
  };
  return {load(0) | (load(1) << 16), load(2) | (load(3) << 16)};
}

}  // namespace kvroof::KVROOF_BACKEND
