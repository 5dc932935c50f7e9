// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

namespace kvroof::simt {

/// Size of a grid, or the index of a block in it.
struct Dim3 {
  int x = 1, y = 1, z = 1;
  auto operator<=>(const Dim3&) const = default;
};

constexpr std::int64_t volume(Dim3 size) {
  return std::int64_t{size.x} * std::int64_t{size.y} * std::int64_t{size.z};
}
/// Index of the `linear`-th block, x fastest.
constexpr Dim3 block_at(Dim3 grid, std::int64_t linear) {
  const std::int64_t row = linear / grid.x;
  return {static_cast<int>(linear % grid.x), static_cast<int>(row % grid.y),
          static_cast<int>(row / grid.y)};
}

}  // namespace kvroof::simt
