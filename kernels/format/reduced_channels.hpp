// SPDX-License-Identifier: Apache-2.0
#pragma once

// The home of ThinK's rows: every token of a kv head keeps the same channels.
//
//   row           | the kept channels in ascending order, 2 B each | zeros up to 16 bytes |
//   per kv head   | int32 channel of every column, -1 behind the kept ones |

#include <cstdint>

#include "kernels/format/format_bytes.hpp"

namespace kvroof::reduced_channels {

inline constexpr int kPieceChannels = 8;  // 16 bytes: rows are whole pieces

/// Columns of a row that keeps `kept` channels.
constexpr int columns(int kept) {
  return (kept + kPieceChannels - 1) / kPieceChannels * kPieceChannels;
}

/// Of `rows` rows of `heads` kv heads together.
constexpr FormatBytes count_bytes(int kept, std::int64_t rows, std::int64_t heads) {
  return {.values = rows * kept * 2,
          .indices = heads * columns(kept) * std::int64_t{sizeof(std::int32_t)},
          .padding = rows * (columns(kept) - kept) * 2};
}

}  // namespace kvroof::reduced_channels
