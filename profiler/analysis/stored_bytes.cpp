// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/stored_bytes.hpp"

#include <fmt/ranges.h>

#include "kernels/error.hpp"
#include "kernels/format/mustafar_tile.hpp"
#include "kernels/format/n_of_m.hpp"
#include "kernels/format/reduced_channels.hpp"
#include "kernels/format/size_models.hpp"
#include "kernels/format/two_four.hpp"
#include "kernels/format/variable_rows.hpp"

namespace kvroof::analysis {
namespace {

using reference::ConstMask;

constexpr std::int64_t kElementBytes = 2;
constexpr std::string_view kNames[] = {
    "dense",  "exact_rows",     "lane_chunk",       "variable_rows", "two_four",
    "n_of_m", "mustafar_tiles", "reduced_channels", "csr",           "flash_llm"};

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

std::vector<std::uint8_t> to_bytes(ConstMask mask) {
  std::vector<std::uint8_t> bytes;
  for (Eigen::Index t = 0; t < mask.rows(); ++t)
    for (Eigen::Index c = 0; c < mask.cols(); ++c) bytes.push_back(mask(t, c) ? 1 : 0);
  return bytes;
}

/// In the words of records: of formats whose indices are bitmaps, and of the others.
StoredBytes with_bitmaps(const FormatBytes& bytes) {
  return {.values = bytes.values,
          .bitmaps = bytes.indices,
          .indices = bytes.offsets,
          .padding = bytes.padding};
}
StoredBytes with_indices(const FormatBytes& bytes) {
  return {
      .values = bytes.values, .indices = bytes.indices + bytes.offsets, .padding = bytes.padding};
}

bool has_chunks(ConstMask mask) {
  return mask.cols() == 64 || mask.cols() == 128 || mask.cols() == 256;
}

std::optional<StoredBytes> exact_row_bytes(ConstMask mask) {
  const auto kept = static_cast<int>(mask.row(0).count());
  if (kept == 0 || mask.cols() % 8 != 0 || !same_count_in_all_rows(mask)) return std::nullopt;
  const auto head_dim = static_cast<int>(mask.cols());
  return with_bitmaps(n_of_m::count_bytes({kept, head_dim}, head_dim, mask.rows()));
}

std::optional<StoredBytes> lane_chunk_bytes(ConstMask mask) {
  const Eigen::Index kept = mask.row(0).count();
  if (!has_chunks(mask) || kept == 0 || !same_count_in_all_rows(mask)) return std::nullopt;
  const lane_chunk::Bytes bytes = lane_chunk::count_bytes(
      static_cast<int>(mask.cols()), static_cast<int>(kept), mask.rows() / lane_chunk::kTokens);
  return StoredBytes{.values = bytes.values,
                     .bitmaps = bytes.bitmaps,
                     .indices = bytes.headers,
                     .padding = bytes.padding};
}

std::optional<StoredBytes> two_four_bytes(prune::Rule rule, Operand side, ConstMask mask) {
  const prune::Rule along =
      side == Operand::kKeys ? prune::Rule::kTwoOfFour : prune::Rule::kTwoOfFourTokens;
  if (rule != along || !has_chunks(mask)) return std::nullopt;
  return with_indices(
      two_four::count_bytes(static_cast<int>(mask.cols()), mask.rows() / two_four::kTokens));
}

std::optional<StoredBytes> pruned_bytes(Format format, const SideRule& rule, Operand side,
                                        ConstMask mask) {
  const auto head_dim = static_cast<int>(mask.cols());
  switch (format) {
    case Format::kDense: return StoredBytes{.values = kElementBytes * mask.size()};
    case Format::kExactRows: return exact_row_bytes(mask);
    case Format::kLaneChunk: return lane_chunk_bytes(mask);
    case Format::kVariableRows:
      if (!has_chunks(mask)) return std::nullopt;
      return with_bitmaps(variable_rows::count_bytes(side, head_dim, to_bytes(mask)));
    case Format::kTwoFour: return two_four_bytes(rule.rule, side, mask);
    case Format::kNOfM: {
      if (prune::group_channels(rule.rule) == 0) return std::nullopt;
      const auto [kept, group] = prune::kept_count(rule.rule, head_dim, rule.sparsity);
      return with_indices(n_of_m::count_bytes({kept, group}, head_dim, mask.rows()));
    }
    case Format::kMustafarTiles:
      if (head_dim % mustafar::kTile != 0) return std::nullopt;
      return with_bitmaps(mustafar::count_bytes(side, head_dim, to_bytes(mask)));
    case Format::kReducedChannels:
      if (!same_channels_in_all_rows(mask)) return std::nullopt;
      return with_indices(
          reduced_channels::count_bytes(static_cast<int>(mask.row(0).count()), mask.rows(), 1));
    case Format::kCsr: return with_indices(size_models::csr(mask.rows(), mask.count()));
    case Format::kFlashLlm: return with_indices(size_models::flash_llm(mask.size(), mask.count()));
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
