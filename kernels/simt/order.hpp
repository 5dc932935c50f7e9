// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <utility>

namespace kvroof::simt {

/// In which order lanes, warps and blocks get their turn. No order is promised by a GPU.
enum class Order { kAscending, kDescending, kRotated, kSeeded };

/// Fills `order` with 0 .. size - 1 in the given order.
template <class Index>
void fill_order(std::span<Index> order, Order kind, std::uint64_t seed) {
  const std::size_t size = order.size();
  std::iota(order.begin(), order.end(), Index{0});
  if (kind == Order::kDescending) {
    for (std::size_t i = 0; i < size; ++i) order[i] = static_cast<Index>(size - 1 - i);
  } else if (kind == Order::kRotated) {
    const std::size_t shift = size / 3 + 1;
    for (std::size_t i = 0; i < size; ++i) order[i] = static_cast<Index>((i + shift) % size);
  } else if (kind == Order::kSeeded) {
    for (std::size_t i = size; i > 1; --i) {  // Fisher-Yates over splitmix64
      seed += 0x9e3779b97f4a7c15u;
      std::uint64_t bits = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9u;
      bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
      std::swap(order[i - 1], order[(bits ^ bits >> 31) % i]);
    }
  }
}

}  // namespace kvroof::simt
