// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many bytes a format would take that is not stored here: arithmetic only, for comparison.

#include "kernels/format/format_bytes.hpp"

namespace kvroof::size_models {

/// Compressed sparse rows with 32-bit column numbers and row offsets, as sparse BLAS libraries take
/// them.
constexpr FormatBytes csr(std::int64_t rows, std::int64_t kept) {
  return {.values = kept * 2, .indices = kept * 4, .offsets = (rows + 1) * 4};
}

/// Flash-LLM's tiled format (arXiv 2309.10285, section 4.2): a 16-bit place within the tile beside
/// every 16-bit value, a 32-bit offset per tile of 128 x 64 and their end. Padding
/// that an implementation adds is not counted.
inline constexpr std::int64_t kFlashLlmTile = 128 * 64;
constexpr FormatBytes flash_llm(std::int64_t elements, std::int64_t kept) {
  const std::int64_t tiles = (elements + kFlashLlmTile - 1) / kFlashLlmTile;
  return {.values = kept * 2, .indices = kept * 2, .offsets = (tiles + 1) * 4};
}

}  // namespace kvroof::size_models
