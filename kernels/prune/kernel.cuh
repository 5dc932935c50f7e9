// SPDX-License-Identifier: Apache-2.0
#pragma once

// The masks of pruning rules. Most ask how many of the scores that an entry competes with beat it:
// fewer than `kept`, and it survives. Counting pairs makes ties and NaN exact without sorting. Rows
// of plain magnitudes, 15 bits, find the threshold bit by bit instead.
//
// keep_dense_kernel        ones for tokens that no rule touches; a thread per word.
// sum_queries_kernel       what output-aware keys and ThinK see of the queries; a thread per
// channel. prune_magnitudes_kernel  per-token magnitude, exact and as published; a warp per token,
// lane l has
//                          channels l + 32 e, so that a ballot is half a word of the mask.
// prune_rows_kernel        other rules within a row: N:M and output-aware keys; the same layout.
// prune_groups_kernel      rules within a channel; a block per 32 tokens, a thread per
//                          channel, which alone reads its column of the shared tile.
// prune_channels_kernel    ThinK; a block per kv head, a thread per channel.
//
// Grid      y: kv head, z: sequence; x: pieces of tokens, those beyond a sequence leave at once.
// Numerics  magnitudes are compared as integers; other scores in binary64, summed in the order of
//           the tokens and queries, as the reference does.
// More      docs/kernels/prune.md

#include "kernels/prune/problem.hpp"
#include "kernels/prune/scores.cuh"
#include "kernels/prune/tile.hpp"

namespace kvroof::KVROOF_BACKEND::prune {

using kvroof::prune::kGroupTokens;
using kvroof::prune::PruneProblem;
using kvroof::prune::PruneTile;
using kvroof::prune::Rule;

/// The kv head that a block works for.
struct Head {
  std::int64_t row;  // sequence * kv_heads + kv head
  int kv_len;
  int first;  // prunable tokens: [first, first + count)
  int count;

  KVROOF_DEVICE bool is_prunable(int token) const {
    return token >= first && token < first + count;
  }
};
KVROOF_DEVICE Head load_head(const PruneProblem& problem) {
  const int kv_len = as_int(load_global<U32>(problem.kv_lengths + block_index_z()));
  const int count = kvroof::prune::prunable_tokens(kv_len, problem.sinks, problem.window);
  return {std::int64_t{block_index_z()} * problem.kv_heads + block_index_y(), kv_len, problem.sinks,
          count};
}

template <class Value, int HeadDim>
KVROOF_DEVICE const Value* row_of(const PruneProblem& problem, const Head& head, int token) {
  return static_cast<const Value*>(problem.rows) +
         (head.row * problem.row_capacity + token) * HeadDim;
}
/// The mask of a token as 32-bit words; little-endian, so word w holds channels 32 w to 32 w + 31.
template <int HeadDim>
KVROOF_DEVICE std::byte* mask_of(const PruneProblem& problem, const Head& head, int token) {
  return reinterpret_cast<std::byte*>(problem.masks) +
         (head.row * problem.row_capacity + token) * (HeadDim / 8);
}
/// What sum_queries_kernel left for a channel.
KVROOF_DEVICE U32x2 load_query_sum(const PruneProblem& problem, const Head& head, U32 channel) {
  constexpr unsigned f64_bytes = 8;
  return load_global<U32x2>(static_cast<const std::byte*>(problem.workspace) +
                            head.row * problem.head_dim * f64_bytes + channel * f64_bytes);
}

template <int HeadDim>
KVROOF_KERNEL(kvroof::prune::kDenseThreads)
keep_dense_kernel(const PruneProblem problem) {
  constexpr int words = HeadDim / 32;
  const Head head = load_head(problem);
  const int first_token = block_index_x() * (kvroof::prune::kDenseThreads / words);
  const int token = first_token + as_int(thread_index()) / words;
  const bool dense = token < head.kv_len && !head.is_prunable(token);
  store_global_if(dense, mask_of<HeadDim>(problem, head, first_token) + thread_index() * 4u,
                  U32(~0u));
}

template <class Value, int HeadDim>
KVROOF_KERNEL(HeadDim)
sum_queries_kernel(const PruneProblem problem) {
  const std::int64_t row = std::int64_t{block_index_z()} * problem.kv_heads + block_index_y();
  const int count = problem.query_heads / problem.kv_heads * problem.num_queries;
  const Value* query = static_cast<const Value*>(problem.queries) +
                       row * count * std::int64_t{HeadDim} + thread_index();
  U32x2 sum{0u, 0u};
  KVROOF_NO_UNROLL
  for (int i = 0; i < count; ++i) {
    const U32x2 term = f64_magnitude<Value>(load_global_u16(query + std::int64_t{i} * HeadDim));
    sum = add_f64(sum, problem.rule == Rule::kThink ? multiply_f64(term, term) : term);
  }
  store_global(static_cast<std::byte*>(problem.workspace) + row * HeadDim * 8 + thread_index() * 8u,
               sum);
}

/// Calls survives(e) for the lane's element e, channel lane + 32 e, for every e, and writes the
/// token's mask.
/// Called by: all 32 lanes, converged.
template <int HeadDim, class Survives>
KVROOF_DEVICE void store_row_mask(const PruneProblem& problem, const Head& head, int token,
                                  U32 lane, Survives&& survives) {
  constexpr int elements = PruneTile<HeadDim>::kLaneElements;
  U32 word = 0u;  // lane e: channels 32 e .. 32 e + 31
  KVROOF_UNROLL
  for (int e = 0; e < elements; ++e) {
    const U32 votes = ballot(survives(e));
    word = select(lane == static_cast<unsigned>(e), votes, word);
  }
  store_global_if(lane < static_cast<unsigned>(elements),
                  mask_of<HeadDim>(problem, head, token) + lane * 4u, word);
}

/// The kept-th largest magnitude of a row, bit by bit from the top: the largest m that at least
/// `kept` elements reach.
/// Called by: all 32 lanes, converged.   Valid in: every lane.
template <int Elements>
KVROOF_DEVICE U32 find_threshold(const U32 (&magnitudes)[Elements], int kept) {
  constexpr int magnitude_bits = 15;
  U32 threshold = 0u;
  KVROOF_NO_UNROLL
  for (int bit = magnitude_bits - 1; bit >= 0; --bit) {
    const U32 candidate = threshold | (1u << bit);
    U32 count = 0u;
    KVROOF_UNROLL
    for (int e = 0; e < Elements; ++e) count = count + popcount(ballot(magnitudes[e] >= candidate));
    threshold = select(count >= static_cast<unsigned>(kept), candidate, threshold);
  }
  return threshold;
}

template <class Value, int HeadDim>
KVROOF_KERNEL(PruneTile<HeadDim>::kRowThreads)
prune_magnitudes_kernel(const PruneProblem problem) {
  constexpr int elements = PruneTile<HeadDim>::kLaneElements;
  const Head head = load_head(problem);
  const int piece = block_index_x() * PruneTile<HeadDim>::kRowWarps + warp_index();
  if (piece >= head.count) return;  // the whole warp
  const int token = head.first + piece;
  const Value* row = row_of<Value, HeadDim>(problem, head, token);
  const U32 lane = lane_index();

  U32 magnitudes[elements];
  KVROOF_UNROLL
  for (int e = 0; e < elements; ++e)
    magnitudes[e] = magnitude_of<Value>(load_global_u16(row + lane + kWarpSize * e));
  const U32 threshold = find_threshold(magnitudes, problem.kept);
  if (problem.rule == Rule::kPublished) {  // its >= keeps all ties, and fails for NaN
    store_row_mask<HeadDim>(problem, head, token, lane, [&](int e) {
      return (magnitudes[e] >= threshold) & (magnitudes[e] != kLeastNaN<Value>);
    });
    return;
  }
  U32 room = static_cast<unsigned>(problem.kept);  // for ties
  KVROOF_UNROLL
  for (int e = 0; e < elements; ++e) room = room - popcount(ballot(magnitudes[e] > threshold));
  const U32 lower_lanes = (U32(1u) << lane) - 1u;
  store_row_mask<HeadDim>(problem, head, token, lane, [&](int e) {
    const bool tie = magnitudes[e] == threshold;
    const U32 ties = ballot(tie);
    const bool has_room = popcount(ties & lower_lanes) < room;
    room = room - min_u32(room, popcount(ties));
    return (magnitudes[e] > threshold) | (tie & has_room);
  });
}

/// The scores of the other rules within a row: magnitudes for N:M, or magnitudes times what the
/// queries make of the channel.
template <class Value>
KVROOF_DEVICE void score_element(const PruneProblem&, const Head&, U32, U32 bits, U32& score) {
  score = magnitude_of<Value>(bits);
}
template <class Value>
KVROOF_DEVICE void score_element(const PruneProblem& problem, const Head& head, U32 channel,
                                 U32 bits, U32x2& score) {
  const U32x2 query_sum = load_query_sum(problem, head, channel);
  score = to_score(multiply_f64(f64_magnitude<Value>(bits), query_sum));
}

template <class Value, int HeadDim, class Score>
KVROOF_KERNEL(PruneTile<HeadDim>::kRowThreads)
prune_rows_kernel(const PruneProblem problem, int competing) {
  using Tile = PruneTile<HeadDim>;
  const Head head = load_head(problem);
  const int piece = block_index_x() * Tile::kRowWarps + warp_index();
  if (piece >= head.count) return;  // the whole warp
  const int token = head.first + piece;
  Score* scores = &shared_memory<Score>() + warp_index() * HeadDim;
  const Value* row = row_of<Value, HeadDim>(problem, head, token);
  const U32 lane = lane_index();

  Score own[Tile::kLaneElements];
  KVROOF_UNROLL
  for (int e = 0; e < Tile::kLaneElements; ++e) {
    const U32 channel = lane + static_cast<unsigned>(kWarpSize * e);
    score_element<Value>(problem, head, channel, load_global_u16(row + channel), own[e]);
    store_shared(scores + channel, own[e]);
  }
  sync_warp();
  store_row_mask<HeadDim>(problem, head, token, lane, [&](int e) {
    const U32 channel = lane + static_cast<unsigned>(kWarpSize * e);
    const U32 in_group = channel & static_cast<unsigned>(competing - 1);  // a power of two
    const U32 better =
        count_better<Score>(scores + (channel - in_group), 1, competing, own[e], in_group);
    return better < static_cast<unsigned>(problem.kept);
  });
}

/// The scores of rules within a channel: magnitudes, or magnitudes times the token's weight.
template <class Value>
KVROOF_DEVICE void score_token(const PruneProblem&, const Head&, int, U32 bits, U32& score) {
  score = magnitude_of<Value>(bits);
}
template <class Value>
KVROOF_DEVICE void score_token(const PruneProblem& problem, const Head& head, int token, U32 bits,
                               U32x2& score) {
  const float* weights = problem.weights + head.row * problem.row_capacity;
  const U32x2 weight = f64_from_f32(load_global<F32>(weights + token));
  score = to_score(multiply_f64(f64_magnitude<Value>(bits), weight));
}

template <class Value, int HeadDim, class Score>
KVROOF_KERNEL(HeadDim)
prune_groups_kernel(const PruneProblem problem, int competing) {
  const Head head = load_head(problem);
  if ((block_index_x() + 1) * kGroupTokens > head.count) return;  // the whole block
  const int first = head.first + block_index_x() * kGroupTokens;
  const U32 channel = thread_index();
  const U32 lane = lane_index();
  Score* column = &shared_memory<Score>() + channel;  // [kGroupTokens][HeadDim]

  KVROOF_NO_UNROLL
  for (int t = 0; t < kGroupTokens; ++t) {
    const U32 bits = load_global_u16(row_of<Value, HeadDim>(problem, head, first + t) + channel);
    Score score;
    score_token<Value>(problem, head, first + t, bits, score);
    store_shared(column + t * HeadDim, score);
  }
  U32 word = 0u;  // lane t: the warp's 32 channels of token t
  KVROOF_NO_UNROLL
  for (int t = 0; t < kGroupTokens; ++t) {
    const Score own = load_shared<Score>(column + t * HeadDim);
    const int in_group = t & (competing - 1);  // a power of two
    const U32 better = count_better<Score>(column + (t - in_group) * HeadDim, HeadDim, competing,
                                           own, static_cast<unsigned>(in_group));
    const U32 votes = ballot(better < static_cast<unsigned>(problem.kept));
    word = select(lane == static_cast<unsigned>(t), votes, word);
  }
  store_global(mask_of<HeadDim>(problem, head, first) + lane * static_cast<unsigned>(HeadDim / 8) +
                   warp_index() * 4,
               word);
}

/// Sum of squares of the thread's channel over the prunable tokens, whose count is a multiple of
/// the batch: the loads of a batch are under way together.
template <class Value, int HeadDim>
KVROOF_DEVICE U32x2 sum_squares(const PruneProblem& problem, const Head& head) {
  const Value* element = row_of<Value, HeadDim>(problem, head, head.first) + thread_index();
  U32x2 sum{0u, 0u};
  constexpr int batch = 16;
  static_assert(lane_chunk::kTokens % batch == 0, "see prunable_tokens()");
  KVROOF_NO_UNROLL
  for (int first = 0; first < head.count; first += batch) {
    U32 bits[batch];
    KVROOF_UNROLL
    for (int i = 0; i < batch; ++i)
      bits[i] = load_global_u16(element + (std::int64_t{first} + i) * HeadDim);
    KVROOF_UNROLL
    for (int i = 0; i < batch; ++i) {
      const U32x2 x = f64_magnitude<Value>(bits[i]);
      sum = add_f64(sum, multiply_f64(x, x));
    }
  }
  return sum;
}

template <class Value, int HeadDim>
KVROOF_KERNEL(HeadDim)
prune_channels_kernel(const PruneProblem problem) {
  using Tile = PruneTile<HeadDim>;
  const Head head = load_head(problem);
  if (head.count == 0) return;  // the whole block
  auto& shared = shared_memory<typename Tile::ChannelsShared>();
  auto* scores = reinterpret_cast<U32x2*>(shared.scores);
  const U32 channel = thread_index();

  U32x2 sum = sum_squares<Value, HeadDim>(problem, head);
  if (problem.operand == Operand::kKeys) {
    sum = multiply_f64(sum, load_query_sum(problem, head, channel));
  }
  const U32x2 own = to_score(sum);
  store_shared(scores + channel, own);
  sync_threads();
  const U32 better = count_better<U32x2>(scores, 1, HeadDim, own, channel);
  const U32 votes = ballot(better < static_cast<unsigned>(problem.kept));
  store_shared_if(lane_index() == 0u, &shared.words[warp_index()], votes);
  sync_threads();

  constexpr int words = HeadDim / 32;
  constexpr int tokens = HeadDim / words;  // that the block writes at a time
  const U32 word = load_shared<U32>(&shared.words[0] + channel % static_cast<unsigned>(words));
  for (int t = 0; t < head.count; t += tokens) {
    const int own_token = t + as_int(channel) / words;
    store_global_if(own_token < head.count,
                    mask_of<HeadDim>(problem, head, head.first + t) + channel * 4u, word);
  }
}

}  // namespace kvroof::KVROOF_BACKEND::prune
