// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "kernels/format/lane_chunk.hpp"
#include "profiler/analysis/prune_head.hpp"

namespace kvroof::analysis {

/// How the survivors of the prunable tokens of one side of one kv head could lie in memory. Sizes
/// are counted from the mask, elements have 2 bytes; nothing is encoded here.
enum class Format {
  kDense,          // zeros included
  kLaneChunk,      // what kvroof's kernels read (format/lane_chunk.hpp); the same count in all rows
  kBitmapRows,     // per row a bitmap and its survivors; 4 bytes of offset where counts differ
  kMustafarTiles,  // tiles of 64 elements: 8 bytes of bitmap, survivors padded to 16 bytes, 4 bytes
                   // of offset; 8 bytes per head. Keys: 64 tokens of a channel, values: 64 channels
                   // of a token (github.com/dhjoo98/mustafar at d83ee7e, kernel/compression.py)
  kNOfM,           // survivors, and a bit per element: 2 indices of 2 bits in 4 for 2:4
  kChannels,       // whole channels: survivors, and one bitmap of channels per head
  kCsr,            // 1 byte of column per survivor (head_dim <= 256), 4 bytes of offset per row
};

std::string_view to_string(Format format);  // "dense", "lane_chunk", ...
/// Throws std::invalid_argument naming the formats there are.
Format format_named(std::string_view name);
std::vector<Format> all_formats();

/// Bytes by part, as traces/FORMAT.md has them.
struct StoredBytes {
  std::int64_t values = 0;  // survivors
  std::int64_t bitmaps = 0;
  std::int64_t indices = 0;
  std::int64_t padding = 0;
  std::int64_t window = 0;  // dense tokens, sinks included
  std::int64_t total() const { return values + bitmaps + indices + padding + window; }
  StoredBytes& operator+=(const StoredBytes& other);
};

/// Bytes of one side, whose mask [kv_len, head_dim] a `rule` chose. A side with rule kNone is dense
/// in every format. Nothing when the format cannot hold this mask.
std::optional<StoredBytes> stored_bytes(Format format, const SideRule& rule, Operand side,
                                        reference::ConstMask mask, const DenseTokens& dense);

}  // namespace kvroof::analysis
