// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// The header of a safetensors file, apart from its data; inner part of safetensors.hpp.
namespace kvroof::inputs::detail {

enum class StoredType { kF16, kBF16, kF32 };

constexpr std::int64_t bytes_of(StoredType type) { return type == StoredType::kF32 ? 4 : 2; }

/// A tensor of rank 4 with at least one element, whose bytes lie inside the data section.
struct StoredTensor {
  StoredType type;
  std::array<std::int64_t, 4> shape;  // each >= 1, product * bytes_of(type) == number of bytes
  std::uint64_t begin;                // bytes from the start of the data section
};

struct Header {
  StoredTensor keys;
  StoredTensor values;
  std::optional<StoredTensor> queries;
};

/// Checks and reads the JSON text of a header. `data_bytes` is the size of what follows it in the
/// file; `file` only names it in messages. Throws InputError.
Header parse_header(std::string_view file, std::string_view text, std::uint64_t data_bytes);

}  // namespace kvroof::inputs::detail
