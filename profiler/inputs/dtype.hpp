// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace kvroof::inputs {

/// The 16-bit type the kernels will store.
enum class Dtype { kF16, kBF16 };

/// "f16" or "bf16".
std::string_view to_string(Dtype dtype);

/// Largest finite magnitude: 65504 or about 3.39e38.
float max_finite(Dtype dtype);

/// The nearest number `dtype` can hold, ties to even; subnormals are kept. Overflow goes to
/// infinity as IEEE 754 has it (callers who must not lose a finite number check against it); NaN
/// stays NaN.
float round_to(Dtype dtype, float value);

/// The stored bits of a number that `dtype` holds exactly, e.g. a result of round_to. NaN becomes a
/// quiet NaN.
std::uint16_t to_bits(Dtype dtype, float value);

/// The number behind stored bits; exact.
float from_bits(Dtype dtype, std::uint16_t bits);

}  // namespace kvroof::inputs
