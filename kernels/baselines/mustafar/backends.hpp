// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "kernels/baselines/mustafar/problem.hpp"
#include "kernels/baselines/mustafar/tile.hpp"
#include "kernels/device.hpp"

// The builds of the kernels that launch.cpp chooses from, and what they share.
namespace kvroof::mustafar {

/// Calls run(Value{}, integral_constant<head_dim>) for the instance of a validated problem.
template <class Run>
void with_instance(const Problem& problem, Run&& run) {
  const auto with_head_dim = [&](auto value) {
    if (problem.head_dim == 64) return run(value, std::integral_constant<int, 64>{});
    if (problem.head_dim == 128) return run(value, std::integral_constant<int, 128>{});
    run(value, std::integral_constant<int, 256>{});
  };
  if (problem.value_type == ValueType::kF16) return with_head_dim(Half{});
  with_head_dim(BFloat16{});
}

inline constexpr int kKeySharedBytes = kKeyWarps * static_cast<int>(sizeof(ExpandedTiles));
inline constexpr int kSoftmaxSharedBytes = kSoftmaxThreads / 32 * static_cast<int>(sizeof(float));
constexpr int value_shared_bytes(int head_dim) {
  return value_warps(head_dim) * static_cast<int>(sizeof(ValueShared));
}

void launch_simt(const Problem& problem, Device& device);
void launch_cuda(const Problem& problem, Device& device);

}  // namespace kvroof::mustafar
