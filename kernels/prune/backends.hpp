// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "kernels/device.hpp"
#include "kernels/prune/problem.hpp"
#include "kernels/prune/tile.hpp"
#include "kernels/prune/weights_problem.hpp"

namespace kvroof::prune {

// The builds of the kernels that launch.cpp chooses from.
void launch_simt(const PruneProblem& problem, Device& device);
void launch_cuda(const PruneProblem& problem, Device& device);
void launch_simt(const WeightsProblem& problem, Device& device);
void launch_cuda(const WeightsProblem& problem, Device& device);

/// The one table of instances: calls run(Value{}, integral_constant<head_dim>).
template <class Problem, class Run>
void with_instance(const Problem& problem, Run&& run) {
  const auto with_head_dim = [&](auto value) {
    switch (problem.head_dim) {
      case 64: return run(value, std::integral_constant<int, 64>{});
      case 128: return run(value, std::integral_constant<int, 128>{});
      case 256: return run(value, std::integral_constant<int, 256>{});
      default: reject_instance(problem);
    }
  };
  switch (problem.value_type) {
    case ValueType::kF16: return with_head_dim(Half{});
    case ValueType::kBF16: return with_head_dim(BFloat16{});
  }
  reject_instance(problem);
}

/// Blocks along x when each looks at `tokens` of them.
constexpr int pieces(int max_kv_len, int tokens) { return (max_kv_len + tokens - 1) / tokens; }

/// The launches of a problem, in order: calls one member of `run` for each, with its blocks along
/// x. The tokens of a sequence that a rule may prune are at most prunable_tokens(max_kv_len, ...).
template <int HeadDim, class Run>
void for_each_launch(const PruneProblem& problem, Run&& run) {
  using Tile = PruneTile<HeadDim>;
  constexpr int dense_tokens = kDenseThreads / (HeadDim / 32);
  run.keep_dense(pieces(problem.max_kv_len, dense_tokens));
  const int count = prunable_tokens(problem.max_kv_len, problem.sinks, problem.window);
  if (count == 0) return;
  if (needs_queries(problem)) run.sum_queries();
  switch (problem.rule) {
    case Rule::kNone:  // keeps all of a row
    case Rule::kPerTokenMagnitude:
    case Rule::kPublished: return run.magnitudes(pieces(count, Tile::kRowWarps));
    case Rule::kPerTokenOutputAware: return run.rows(pieces(count, Tile::kRowWarps), true);
    case Rule::kTwoOfFour:
    case Rule::kFourOfEight:
    case Rule::kEightOfSixteen: return run.rows(pieces(count, Tile::kRowWarps), false);
    case Rule::kTwoOfFourTokens:
    case Rule::kPerChannelMagnitude: return run.groups(pieces(count, kGroupTokens), false);
    case Rule::kPerChannelOutputAware: return run.groups(pieces(count, kGroupTokens), true);
    case Rule::kThink: return run.channels();
  }
}

}  // namespace kvroof::prune
