// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace kvroof {

/// IEEE binary16 as stored: 1 sign, 5 exponent, 10 fraction bits. Storage only, no arithmetic.
struct Half {
  std::uint16_t bits;
  bool operator==(const Half&) const = default;
};

/// bfloat16 as stored: the upper half of a binary32. Storage only, no arithmetic.
struct BFloat16 {
  std::uint16_t bits;
  bool operator==(const BFloat16&) const = default;
};

/// The type of keys, values and queries in memory.
enum class ValueType { kF16, kBF16 };

/// "f16" or "bf16": the names of the command line and of every record.
constexpr std::string_view to_string(ValueType type) {
  return type == ValueType::kF16 ? "f16" : "bf16";
}

inline constexpr std::uint16_t kSignBit = 0x8000;  // of both types
inline constexpr std::uint16_t kMagnitudeBits =
    0x7fff;  // ordered like the magnitude; NaN above infinity

constexpr float to_float(BFloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

/// Exact; NaN keeps its sign and payload.
constexpr float to_float(Half value) {
  const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & kSignBit) << 16;
  const std::uint32_t exponent = (value.bits >> 10) & 0x1f;
  std::uint32_t fraction = value.bits & 0x3ffu;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
  if (exponent != 0) {
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  }
  if (fraction == 0) return std::bit_cast<float>(sign);
  const int shift = std::countl_zero(fraction) - 21;  // subnormal: bring the leading one to bit 10
  fraction = (fraction << shift) & 0x3ffu;
  return std::bit_cast<float>(sign | (static_cast<std::uint32_t>(113 - shift) << 23) |
                              (fraction << 13));
}

/// Rounds to nearest, ties to even; NaN becomes a quiet NaN.
constexpr BFloat16 to_bfloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {static_cast<std::uint16_t>((bits >> 16) | 0x40u)};
  return {static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

/// Rounds to nearest, ties to even; overflow becomes infinity, NaN a quiet NaN.
constexpr Half to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & kSignBit;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return {static_cast<std::uint16_t>(sign | 0x7e00u)};
  if (magnitude >= 0x477ff000u) return {static_cast<std::uint16_t>(sign | 0x7c00u)};  // >= 65520
  if (magnitude < 0x33000001u) return {static_cast<std::uint16_t>(sign)};             // <= 2^-25
  const std::uint32_t exponent = magnitude >> 23;
  if (exponent >= 113) {
    const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    return {static_cast<std::uint16_t>(sign | ((rounded >> 13) - (112u << 10)))};
  }
  const std::uint32_t significand = (magnitude & 0x7fffffu) | 0x800000u;  // subnormal result
  const std::uint32_t drop = 126 - exponent;                              // 14..24 bits fall away
  const std::uint32_t kept = significand >> drop;
  const std::uint32_t rest = significand & ((1u << drop) - 1u);
  const std::uint32_t half = 1u << (drop - 1);
  const std::uint32_t up = (rest > half || (rest == half && (kept & 1u) != 0)) ? 1u : 0u;
  return {static_cast<std::uint16_t>(sign | (kept + up))};
}

/// The conversion a template picks by type: from_float<Half>(x).
template <class Value>
constexpr Value from_float(float value);
template <>
constexpr Half from_float<Half>(float value) {
  return to_half(value);
}
template <>
constexpr BFloat16 from_float<BFloat16>(float value) {
  return to_bfloat16(value);
}

template <class Value>
inline constexpr ValueType kValueType = ValueType::kF16;
template <>
inline constexpr ValueType kValueType<BFloat16> = ValueType::kBF16;

}  // namespace kvroof
