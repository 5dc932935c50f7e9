// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/format/format_bytes.hpp"

namespace kvroof::validate {

/// One operand of one kv head whose size in every format is compared.
struct FormatCase {
  int head_dim = 128;      // a multiple of 64, at most 256
  int tokens = 4096;       // a multiple of 64
  double sparsity = 0.5;   // asked of the rules, in [0, 1)
  std::uint64_t seed = 1;  // of the synthetic keys and values
};

/// What one format takes.
struct FormatSize {
  std::string format;
  std::string rule;      // that chose what survives
  std::string operand;   // "keys", "values" or "either"
  bool encoded = false;  // the bytes of an encoder whose result was decoded again; else arithmetic
  FormatBytes bytes;
};

/// Every format that is stored here, encoded and decoded again, and models of others.
///
/// Rules: exact counts are those of kept_from_sparsity(); "published" keeps what Mustafar's code
/// keeps; N:M appears at its own sparsity of one half only. Throws
/// std::invalid_argument for a case out of range, std::logic_error when a format does not decode to
/// what was encoded.
std::vector<FormatSize> format_sizes(const FormatCase& one);

/// Bytes of the rows unpruned.
constexpr std::int64_t dense_bytes(const FormatCase& one) {
  return std::int64_t{2} * one.tokens * one.head_dim;
}

}  // namespace kvroof::validate
