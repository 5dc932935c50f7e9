// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a warp of the decode kernel holds while it attends to a row. Throughout, lane = 4g + t.

#include "kernels/attention/plan.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/attention/tile.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/primitives/online_softmax.cuh"

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

/// One warp's share of a row's attention: unnormalised outputs of 16 channels x 8 heads per step,
/// and the softmax state.
template <int HeadDim>
struct WarpResult {
  F32 outputs[lane_chunk::steps(HeadDim)][4] = {};
  SoftmaxState softmax;
};

// Which channel of a key an operand register holds. The mma does not care, as long as queries and
// keys agree.
struct ChunkOrder {  // of keys in the lane-chunk format
  static KVROOF_DEVICE U32 key_channel(U32 t, int step, int i) {
    return lane_chunk::key_channel(t, step, i);
  }
};
struct RowOrder {  // of key rows read by load_matrix_x4
  static KVROOF_DEVICE U32 key_channel(U32 t, int step, int i) {
    return t * 2u +
           static_cast<unsigned>(step * lane_chunk::kStepChannels + (i & 1) + 8 * (i >> 1));
  }
};

/// The queries of a kv head's group as operand B (16 channels x 8 heads per step); heads beyond the
/// group are 0.
template <int HeadDim>
struct QueryFragments {
  U32 b[lane_chunk::steps(HeadDim)][2];
};

template <class Value, int HeadDim, class Order>
KVROOF_DEVICE void load_queries(const DecodeProblem& problem, const Row& row, U32 lane,
                                QueryFragments<HeadDim>& queries) {
  const int group = problem.query_heads / problem.kv_heads;
  const U32 g = lane >> 2;
  const U32 t = lane & 3u;
  const bool in_group = g < static_cast<unsigned>(group);
  const Value* first =
      static_cast<const Value*>(problem.queries) + std::int64_t{row.index} * group * HeadDim;
  KVROOF_UNROLL
  for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
    KVROOF_UNROLL
    for (int pair = 0; pair < 2; ++pair) {
      const U32 low = g * static_cast<unsigned>(HeadDim) + Order::key_channel(t, step, 2 * pair);
      const U32 high =
          g * static_cast<unsigned>(HeadDim) + Order::key_channel(t, step, 2 * pair + 1);
      queries.b[step][pair] = load_global_u16_if(in_group, first + low) |
                              (load_global_u16_if(in_group, first + high) << 16);
    }
  }
}

/// Scales the scores of a tile to base 2.
KVROOF_DEVICE void scale_scores(F32 (&scores)[4], float scale_log2) {
  KVROOF_UNROLL
  for (int c = 0; c < 4; ++c) scores[c] = scores[c] * scale_log2;
}

}  // namespace kvroof::KVROOF_BACKEND::attention
