// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/format/format_bytes.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "kernels/format/n_of_m.hpp"

// A format each: encodes rows, decodes them again, compares, and counts the bytes. They throw
// std::logic_error when other numbers come back than went in, std::invalid_argument when the format
// cannot hold what survives.
namespace kvroof::validate {

/// Whole chunks of keys or values of one head, and what survives of them.
struct ChosenRows {
  Operand operand = Operand::kKeys;
  int head_dim = 128;
  std::vector<std::uint16_t> bits;  // [tokens, head_dim], pruned entries included
  std::vector<std::uint8_t> mask;   // the same shape, 1 = survives

  std::int64_t tokens() const { return static_cast<std::int64_t>(bits.size()) / head_dim; }
  /// Survivors of all rows, and of each where every row has the same number; else 0.
  std::int64_t kept() const;
  int kept_of_every_row() const;
  /// The rows with zeros where nothing survives.
  std::vector<std::uint16_t> survivors() const;
};

FormatBytes lane_chunk_bytes(const ChosenRows& rows);
FormatBytes two_four_bytes(const ChosenRows& rows);
FormatBytes n_of_m_bytes(const ChosenRows& rows, n_of_m::Pattern pattern);
FormatBytes variable_rows_bytes(const ChosenRows& rows);
FormatBytes mustafar_bytes(const ChosenRows& rows);

}  // namespace kvroof::validate
