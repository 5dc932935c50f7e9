// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a warp of the decode kernel holds while it attends to a row. Throughout, lane = 4g + t.

#include "kernels/attention/plan.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/attention/tile.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/primitives/online_softmax.cuh"
#include "kernels/primitives/query_fragments.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

using kvroof::attention::DecodePlan;
using kvroof::attention::DecodeProblem;

/// One sequence's kv head.
struct Row {
  int index;  // sequence * kv_heads + kv_head
  int sequence;
  int kv_head;
  int kv_len;
};

/// Of keys in the lane-chunk format; RowOrder's counterpart.
struct ChunkOrder {
  static constexpr bool kPairsAdjoin = false;
  KVROOF_DEVICE U32 key_channel(U32 t, int step, int i) const {
    return lane_chunk::key_channel(t, step, i);
  }
};

/// Where a tile wants the queries of a group: in registers, or at `shared`.
template <class Tile>
KVROOF_DEVICE auto query_place(std::byte* shared, U32 lane) {
  if constexpr (Tile::kQueriesInShared) {
    using Queries = SharedQueries<Tile::kHeadDim, Tile::kHeadTiles>;
    static_assert(sizeof(typename Queries::Shared) == Tile::kQueryBytes);
    return Queries{*reinterpret_cast<typename Queries::Shared*>(shared), lane};
  } else {
    return RegisterQueries<Tile::kHeadDim, Tile::kHeadTiles>{};
  }
}

/// Loads the queries of a row's group, negated where `negative`. A lane reads only what it wrote.
template <class Value, class Tile, class Problem, class Order, class Queries>
KVROOF_DEVICE void load_group(const Problem& problem, const Row& row, const Order& order, U32 lane,
                              bool negative, Queries& queries) {
  constexpr int head_dim = Tile::kHeadDim;
  const int group = problem.group_size();
  const Value* first =
      static_cast<const Value*>(problem.queries) + head_dim * (group * std::int64_t{row.index});
  const unsigned signs = negative ? 0x80008000u : 0u;  // of two 16-bit values
  KVROOF_UNROLL
  for (int tile = 0; tile < Tile::kHeadTiles; ++tile) {
    const auto load = [&](int step) {
      const U32x2 b = load_query_step<Value, head_dim>(first + 8 * tile * head_dim,
                                                       group - 8 * tile, order, lane, step);
      queries.store(tile, step, U32x2{b.x ^ signs, b.y ^ signs});
    };
    if constexpr (Tile::kQueriesInShared) {
      KVROOF_NO_UNROLL
      for (int step = 0; step < lane_chunk::steps(head_dim); ++step) load(step);
    } else {
      KVROOF_UNROLL
      for (int step = 0; step < lane_chunk::steps(head_dim); ++step) load(step);
    }
  }
}

}  // namespace kvroof::KVROOF_BACKEND::attention
