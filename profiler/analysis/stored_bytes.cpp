// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/stored_bytes.hpp"

#include <fmt/ranges.h>

#include "kernels/error.hpp"

namespace kvroof::analysis {
namespace {

using reference::ConstMask;

constexpr std::int64_t kElementBytes = 2;
constexpr std::int64_t kOffsetBytes = 4;
constexpr std::string_view kNames[] = {"dense",  "lane_chunk", "bitmap_rows", "mustafar_tiles",
                                       "n_of_m", "channels",   "csr"};

bool same_count_in_all_rows(ConstMask mask) {
  const Eigen::Index first = mask.row(0).count();
  for (Eigen::Index t = 1; t < mask.rows(); ++t)
    if (mask.row(t).count() != first) return false;
  return true;
}

bool same_channels_in_all_rows(ConstMask mask) {
  for (Eigen::Index t = 1; t < mask.rows(); ++t)
    if ((mask.row(t) != mask.row(0)).any()) return false;
  return true;
}

std::int64_t survivor_bytes(ConstMask mask) { return kElementBytes * mask.count(); }
std::int64_t bit_per_element(ConstMask mask) { return mask.size() / 8; }

std::optional<StoredBytes> lane_chunk_bytes(ConstMask mask) {
  const auto head_dim = static_cast<int>(mask.cols());
  const bool supported = head_dim == 64 || head_dim == 128 || head_dim == 256;
  const Eigen::Index kept = mask.row(0).count();
  if (!supported || kept == 0 || !same_count_in_all_rows(mask)) return std::nullopt;
  const lane_chunk::Bytes bytes =
      lane_chunk::count_bytes(head_dim, static_cast<int>(kept), mask.rows() / lane_chunk::kTokens);
  return StoredBytes{.values = bytes.values,
                     .bitmaps = bytes.bitmaps,
                     .indices = bytes.headers,
                     .padding = bytes.padding};
}

StoredBytes bitmap_row_bytes(ConstMask mask) {
  return {.values = survivor_bytes(mask),
          .bitmaps = bit_per_element(mask),
          .indices = same_count_in_all_rows(mask) ? 0 : kOffsetBytes * mask.rows()};
}

std::optional<StoredBytes> mustafar_tile_bytes(Operand side, ConstMask mask) {
  constexpr Eigen::Index tile = 64;
  constexpr std::int64_t vector_elements = 8;  // 16 bytes
  const Eigen::Index tile_rows = side == Operand::kKeys ? tile : 1;
  const Eigen::Index tile_cols = tile / tile_rows;
  if (mask.rows() % tile_rows != 0 || mask.cols() % tile_cols != 0) return std::nullopt;
  StoredBytes bytes{.values = survivor_bytes(mask), .indices = 2 * kOffsetBytes};
  for (Eigen::Index t = 0; t < mask.rows(); t += tile_rows) {
    for (Eigen::Index c = 0; c < mask.cols(); c += tile_cols) {
      const std::int64_t count = mask.block(t, c, tile_rows, tile_cols).count();
      bytes.bitmaps += tile / 8;
      bytes.indices += kOffsetBytes;
      bytes.padding +=
          (vector_elements - count % vector_elements) % vector_elements * kElementBytes;
    }
  }
  return bytes;
}

std::optional<StoredBytes> pruned_bytes(Format format, const SideRule& rule, Operand side,
                                        ConstMask mask) {
  switch (format) {
    case Format::kDense: return StoredBytes{.values = kElementBytes * mask.size()};
    case Format::kLaneChunk: return lane_chunk_bytes(mask);
    case Format::kBitmapRows: return bitmap_row_bytes(mask);
    case Format::kMustafarTiles: return mustafar_tile_bytes(side, mask);
    case Format::kNOfM:
      if (prune::group_channels(rule.rule) == 0) return std::nullopt;
      return StoredBytes{.values = survivor_bytes(mask), .indices = bit_per_element(mask)};
    case Format::kChannels:
      if (!same_channels_in_all_rows(mask)) return std::nullopt;
      return StoredBytes{.values = survivor_bytes(mask), .indices = mask.cols() / 8};
    case Format::kCsr:
      if (mask.cols() > 256) return std::nullopt;
      return StoredBytes{.values = survivor_bytes(mask),
                         .indices = mask.count() + kOffsetBytes * (mask.rows() + 1)};
  }
  fail("format {} does not exist", static_cast<int>(format));
}

}  // namespace

std::string_view to_string(Format format) { return kNames[static_cast<std::size_t>(format)]; }

std::vector<Format> all_formats() {
  std::vector<Format> formats;
  for (std::size_t i = 0; i < std::size(kNames); ++i) formats.push_back(static_cast<Format>(i));
  return formats;
}

Format format_named(std::string_view name) {
  for (const Format format : all_formats())
    if (to_string(format) == name) return format;
  fail("no format \"{}\"; there are {}", name, fmt::join(kNames, ", "));
}

StoredBytes& StoredBytes::operator+=(const StoredBytes& other) {
  values += other.values;
  bitmaps += other.bitmaps;
  indices += other.indices;
  padding += other.padding;
  window += other.window;
  return *this;
}

std::optional<StoredBytes> stored_bytes(Format format, const SideRule& rule, Operand side,
                                        ConstMask mask, const DenseTokens& dense) {
  const Eigen::Index count =
      prune::prunable_tokens(static_cast<int>(mask.rows()), dense.sinks, dense.window);
  StoredBytes bytes;
  if (count > 0) {
    const auto pruned = pruned_bytes(rule.rule == prune::Rule::kNone ? Format::kDense : format,
                                     rule, side, mask.middleRows(dense.sinks, count));
    if (!pruned) return std::nullopt;
    bytes = *pruned;
  }
  bytes.window = kElementBytes * (mask.rows() - count) * mask.cols();
  return bytes;
}

}  // namespace kvroof::analysis
