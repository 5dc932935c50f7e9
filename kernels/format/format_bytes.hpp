// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kvroof {

/// What the bytes of a compressed operand are spent on; the parts add up to what is allocated.
struct FormatBytes {
  std::int64_t values = 0;   // elements kept
  std::int64_t indices = 0;  // where they stand: bitmaps, metadata, column numbers
  std::int64_t offsets = 0;  // where rows, tiles or streams begin
  std::int64_t padding = 0;
  constexpr std::int64_t total() const { return values + indices + offsets + padding; }
  bool operator==(const FormatBytes&) const = default;
};

}  // namespace kvroof
