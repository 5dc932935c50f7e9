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
using kvroof::attention::DecodeTile;

/// One sequence's kv head.
struct Row {
  int index;  // sequence * kv_heads + kv_head
  int sequence;
  int kv_head;
  int kv_len;
};

/// Of keys in the lane-chunk format; RowOrder's counterpart.
struct ChunkOrder {
  KVROOF_DEVICE U32 key_channel(U32 t, int step, int i) const {
    return lane_chunk::key_channel(t, step, i);
  }
};

/// The queries of a row's group.
template <class Value, int HeadDim, class Order>
KVROOF_DEVICE void load_queries(const DecodeProblem& problem, const Row& row, const Order& order,
                                U32 lane, QueryFragments<HeadDim>& queries) {
  const int group = problem.query_heads / problem.kv_heads;
  const Value* first =
      static_cast<const Value*>(problem.queries) + std::int64_t{row.index} * group * HeadDim;
  load_queries(first, group, order, lane, queries);
}

}  // namespace kvroof::KVROOF_BACKEND::attention
