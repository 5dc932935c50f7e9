// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/format_round_trip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "kernels/format/mustafar_tile.hpp"
#include "kernels/format/two_four.hpp"
#include "kernels/format/variable_rows.hpp"
#include "kernels/value_types.hpp"

namespace kvroof::validate {
namespace {

/// Zeros count as equal whatever their sign: not every format stores them.
void require_same(const std::vector<std::uint16_t>& decoded, const ChosenRows& rows,
                  std::string_view format) {
  const auto same = [](std::uint16_t a, std::uint16_t b) {
    return a == b || ((a | b) & kMagnitudeBits) == 0;
  };
  const std::vector<std::uint16_t> wanted = rows.survivors();
  if (!std::equal(decoded.begin(), decoded.end(), wanted.begin(), wanted.end(), same))
    throw std::logic_error(fmt::format("{}: does not decode to what was encoded", format));
}

/// Encoded pieces of `elements` each: encode(rows, mask, piece), decode(piece, rows, mask).
template <class Encode, class Decode>
void round_trip(const ChosenRows& rows, std::int64_t elements, std::int64_t piece_bytes,
                std::string_view format, const Encode& encode, const Decode& decode) {
  const auto count = static_cast<std::size_t>(elements);
  std::vector<std::byte> piece(static_cast<std::size_t>(piece_bytes));
  std::vector<std::uint16_t> decoded(rows.bits.size());
  std::vector<std::uint8_t> mask(count);
  for (std::size_t first = 0; first < rows.bits.size(); first += count) {
    encode(std::span(rows.bits).subspan(first, count), std::span(rows.mask).subspan(first, count),
           piece);
    decode(piece, std::span(decoded).subspan(first, count), mask);
  }
  require_same(decoded, rows, format);
}

std::int64_t chunk_elements(const ChosenRows& rows) {
  return std::int64_t{lane_chunk::kTokens} * rows.head_dim;
}

}  // namespace

std::int64_t ChosenRows::kept() const { return std::count(mask.begin(), mask.end(), 1); }

int ChosenRows::kept_of_every_row() const {
  std::ptrdiff_t kept = 0;
  for (auto row = mask.begin(); row != mask.end(); row += head_dim) {
    const auto count = std::count(row, row + head_dim, 1);
    if (row != mask.begin() && count != kept) return 0;
    kept = count;
  }
  return static_cast<int>(kept);
}

std::vector<std::uint16_t> ChosenRows::survivors() const {
  std::vector<std::uint16_t> result = bits;
  for (std::size_t i = 0; i < result.size(); ++i)
    if (mask[i] == 0) result[i] = 0;
  return result;
}

FormatBytes lane_chunk_bytes(const ChosenRows& rows) {
  const int kept = rows.kept_of_every_row();
  round_trip(
      rows, chunk_elements(rows), lane_chunk::chunk_bytes(rows.head_dim, kept), "lane_chunk",
      [&](auto values, auto mask, auto& chunk) {
        lane_chunk::encode(rows.operand, rows.head_dim, kept, values, mask, chunk);
      },
      [&](const auto& chunk, auto values, auto& mask) {
        lane_chunk::decode(rows.operand, rows.head_dim, kept, chunk, values, mask);
      });
  const lane_chunk::Bytes bytes =
      lane_chunk::count_bytes(rows.head_dim, kept, rows.tokens() / lane_chunk::kTokens);
  return {.values = bytes.values,
          .indices = bytes.bitmaps,
          .offsets = bytes.headers,
          .padding = bytes.padding};
}

FormatBytes two_four_bytes(const ChosenRows& rows) {
  round_trip(
      rows, chunk_elements(rows), two_four::chunk_bytes(rows.head_dim), "two_four",
      [&](auto values, auto mask, auto& chunk) {
        two_four::encode(rows.operand, rows.head_dim, values, mask, chunk);
      },
      [&](const auto& chunk, auto values, auto& mask) {
        two_four::decode(rows.operand, rows.head_dim, chunk, values, mask);
      });
  return two_four::count_bytes(rows.head_dim, rows.tokens() / two_four::kTokens);
}

FormatBytes n_of_m_bytes(const ChosenRows& rows, n_of_m::Pattern pattern) {
  round_trip(
      rows, rows.head_dim, n_of_m::row_bytes(pattern, rows.head_dim), "n_of_m",
      [&](auto values, auto mask, auto& row) { n_of_m::encode(pattern, values, mask, row); },
      [&](const auto& row, auto values, auto& mask) {
        n_of_m::decode(pattern, row, values, mask);
      });
  return n_of_m::count_bytes(pattern, rows.head_dim, rows.tokens());
}

FormatBytes variable_rows_bytes(const ChosenRows& rows) {
  const auto encoded = variable_rows::encode(rows.operand, rows.head_dim, rows.bits, rows.mask);
  std::vector<std::uint16_t> decoded(rows.bits.size());
  std::vector<std::uint8_t> mask(rows.bits.size());
  variable_rows::decode(rows.operand, rows.head_dim, encoded, decoded, mask);
  require_same(decoded, rows, "variable_rows");
  return variable_rows::count_bytes(rows.head_dim, encoded);
}

FormatBytes mustafar_bytes(const ChosenRows& rows) {
  const auto encoded = mustafar::encode(rows.operand, rows.head_dim, rows.survivors());
  require_same(mustafar::decode(rows.operand, rows.head_dim, encoded), rows, "mustafar_tiles");
  return mustafar::count_bytes(encoded);
}

}  // namespace kvroof::validate
