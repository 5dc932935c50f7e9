// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "kernels/format/lane_chunk.hpp"
#include "profiler/analysis/prune_head.hpp"

namespace kvroof::analysis {

/// How the survivors of the prunable tokens of one side of one kv head could lie in memory: what
/// kvroof stores, each counted by its own home, and models (format/size_models.hpp). Elements have
/// 2 bytes.
enum class Format {
  kDense,            // zeros included
  kExactRows,        // the same count in all rows, a bitmap each: n_of_m.hpp with a row as a group
  kLaneChunk,        // the same count in all rows
  kVariableRows,     // any mask
  kTwoFour,          // 2:4 along the contraction
  kNOfM,             // N:M along channels
  kMustafarTiles,    // any mask
  kReducedChannels,  // whole channels
  kCsr,              // a model
  kFlashLlm,         // a model
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
