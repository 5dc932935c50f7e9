// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention weights of a window of queries, summed per token.
//
// softmax_sums_kernel   the maximum and the sum of exponentials of a query's scores; a block per
//                       query, which a thread walks with every kWeightsThreads-th token.
// sum_weights_kernel    the weights; a thread per token, which takes one query after another.
//
// Grid      y: kv head, z: sequence; x: queries of the kv head, or pieces of tokens.
// Waits     the second kernel reads what the first one wrote. Scores are computed twice instead of
//           stored: queries x tokens of them would not fit beside a long cache.
// Numerics  binary64 throughout, so that the weight, rounded to F32, is the one of the reference
//           whatever the order of its sums (but for one in some million that lie between two).
// More      docs/kernels/prune.md

#include <limits>

#include "kernels/platform/platform.hpp"
#include "kernels/prune/backends.hpp"
#include "kernels/prune/weights_problem.hpp"

namespace kvroof::KVROOF_BACKEND::prune {

using kvroof::prune::kWeightsThreads;
using kvroof::prune::WeightsProblem;

KVROOF_DEVICE U32x2 negated(U32x2 value) { return {value.x, value.y ^ 0x80000000u}; }
KVROOF_DEVICE U32x2 select_f64(bool condition, U32x2 a, U32x2 b) {
  return {select(condition, a.x, b.x), select(condition, a.y, b.y)};
}
KVROOF_DEVICE U32x2 shuffle_xor_f64(U32x2 value, int lane_mask) {
  return {shuffle_xor(value.x, lane_mask), shuffle_xor(value.y, lane_mask)};
}
KVROOF_DEVICE bool is_zero(U32x2 value) { return ((value.y & 0x7fffffffu) | value.x) == 0u; }

/// Of a query, in the workspace: the shift of its scores' exponents, then 1 / sum, or 0 where no
/// token has weight.
constexpr int kNormaliserBytes = 16;

/// What exponents are taken relative to: 0 for a maximum of -inf, so that weights are 0 and not
/// NaN.
KVROOF_DEVICE U32x2 shift_of(U32x2 maximum) {
  const bool minus_infinity = (maximum.y == 0xfff00000u) & (maximum.x == 0u);
  return select_f64(minus_infinity, f64_constant(0.0), maximum);
}

/// softmax_scale * q . k; `query` and `key` are rows of HeadDim elements.
template <class Value, int HeadDim>
KVROOF_DEVICE U32x2 score(const WeightsProblem& problem, const Value* query, const Value* key) {
  constexpr int piece = 8;  // elements of 16 bytes
  U32x2 sum = f64_constant(0.0);
  KVROOF_NO_UNROLL
  for (int first = 0; first < HeadDim; first += piece) {
    const U32x4 q = load_global<U32x4>(query + first);
    const U32x4 k = load_global<U32x4>(key + first);
    const U32 q_words[4] = {q.x, q.y, q.z, q.w};
    const U32 k_words[4] = {k.x, k.y, k.z, k.w};
    KVROOF_UNROLL
    for (int i = 0; i < piece; ++i) {
      const int shift = i % 2 * 16;
      const U32x2 a = f64_from_f32(f32_from_value<Value>((q_words[i / 2] >> shift) & 0xffffu));
      const U32x2 b = f64_from_f32(f32_from_value<Value>((k_words[i / 2] >> shift) & 0xffffu));
      sum = add_f64(sum, multiply_f64(a, b));
    }
  }
  return multiply_f64(sum, f64_constant(problem.softmax_scale));
}

/// The rows of one (sequence, kv head).
template <class Value, int HeadDim>
struct WeightsHead {
  std::int64_t row;  // sequence * kv_heads + kv head
  int kv_len;
  const Value* queries;
  const Value* keys;
  std::byte* normalisers;

  KVROOF_DEVICE const Value* query(int index) const {
    return queries + std::int64_t{index} * HeadDim;
  }
  KVROOF_DEVICE std::byte* normaliser(int index) const {
    return normalisers + index * std::int64_t{kNormaliserBytes};
  }
  KVROOF_DEVICE const Value* key(int token) const { return keys + std::int64_t{token} * HeadDim; }
};
template <class Value, int HeadDim>
KVROOF_DEVICE WeightsHead<Value, HeadDim> load_weights_head(const WeightsProblem& problem) {
  const std::int64_t row = std::int64_t{block_index_z()} * problem.kv_heads + block_index_y();
  const std::int64_t first_query = row * problem.head_queries();
  return {row, as_int(load_global<U32>(problem.kv_lengths + block_index_z())),
          static_cast<const Value*>(problem.queries) + first_query * HeadDim,
          static_cast<const Value*>(problem.keys) + row * problem.row_capacity * HeadDim,
          static_cast<std::byte*>(problem.workspace) + first_query * kNormaliserBytes};
}

/// Maximum and sum of exp(score - shift_of(maximum)) over some tokens.
struct SoftmaxSum {
  U32x2 maximum, sum;
};
KVROOF_DEVICE SoftmaxSum merged(SoftmaxSum a, SoftmaxSum b) {
  const U32x2 maximum = max_f64(a.maximum, b.maximum);
  const U32x2 minus_shift = negated(shift_of(maximum));
  const auto rescaled = [&](const SoftmaxSum& part) {
    const U32x2 factor = exp_f64(add_f64(shift_of(part.maximum), minus_shift));
    return select_f64(is_zero(part.sum), part.sum, multiply_f64(part.sum, factor));
  };
  return {maximum, add_f64(rescaled(a), rescaled(b))};
}

template <class Value, int HeadDim>
KVROOF_KERNEL(kWeightsThreads)
softmax_sums_kernel(const WeightsProblem problem) {
  constexpr int warps = kWeightsThreads / kWarpSize;
  const auto head = load_weights_head<Value, HeadDim>(problem);
  const Value* query = head.query(block_index_x());
  const U32x2 nothing = f64_from_f32(F32(-std::numeric_limits<float>::infinity()));
  SoftmaxSum own{nothing, f64_constant(0.0)};
  KVROOF_NO_UNROLL
  for (int token = as_int(thread_index()); token < head.kv_len; token += kWeightsThreads) {
    const U32x2 one = score<Value, HeadDim>(problem, query, head.key(token));
    const U32x2 exponent = add_f64(one, negated(shift_of(one)));  // 0, -inf or NaN
    own = merged(own, {one, exp_f64(exponent)});
  }
  KVROOF_UNROLL
  for (int distance = kWarpSize / 2; distance > 0; distance /= 2) {
    own = merged(own, {shuffle_xor_f64(own.maximum, distance), shuffle_xor_f64(own.sum, distance)});
  }
  U32x4* shared = &shared_memory<U32x4>();  // [warps]
  store_shared_if(lane_index() == 0u, shared + warp_index(),
                  U32x4{own.maximum.x, own.maximum.y, own.sum.x, own.sum.y});
  sync_threads();
  own = {nothing, f64_constant(0.0)};
  KVROOF_UNROLL
  for (int warp = 0; warp < warps; ++warp) {
    const U32x4 part = load_shared<U32x4>(shared + warp);
    own = merged(own, {{part.x, part.y}, {part.z, part.w}});
  }
  const U32x2 zero = f64_constant(0.0);
  const U32x2 scale = select_f64(is_zero(own.sum), zero, divide_f64(f64_constant(1.0), own.sum));
  const U32x2 shift = shift_of(own.maximum);
  store_global_if(thread_index() == 0u, head.normaliser(block_index_x()),
                  U32x4{shift.x, shift.y, scale.x, scale.y});
}

template <class Value, int HeadDim>
KVROOF_KERNEL(kWeightsThreads)
sum_weights_kernel(const WeightsProblem problem) {
  const auto head = load_weights_head<Value, HeadDim>(problem);
  const int token = block_index_x() * kWeightsThreads + as_int(thread_index());
  if (token >= head.kv_len) return;
  U32x2 sum = f64_constant(0.0);
  KVROOF_NO_UNROLL
  for (int i = 0; i < problem.head_queries(); ++i) {
    const U32x4 normaliser = load_global<U32x4>(head.normaliser(i));
    const U32x2 one = score<Value, HeadDim>(problem, head.query(i), head.key(token));
    const U32x2 exponent = add_f64(one, negated(U32x2{normaliser.x, normaliser.y}));
    sum = add_f64(sum, multiply_f64(exp_f64(exponent), U32x2{normaliser.z, normaliser.w}));
  }
  store_global(problem.weights + head.row * problem.row_capacity + token, f32_from_f64(sum));
}

}  // namespace kvroof::KVROOF_BACKEND::prune
