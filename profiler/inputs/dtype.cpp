// SPDX-License-Identifier: Apache-2.0
#include "profiler/inputs/dtype.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace kvroof::inputs {
namespace {

constexpr std::uint32_t kSign = 0x80000000u;
constexpr std::uint32_t kInfinity = 0x7f800000u;
constexpr float kF16Max = 65504.0f;
constexpr float kF16MinNormal = 0x1p-14f;
constexpr float kF16ExponentShift =
    0x1p112f;  // between the exponent biases of binary16 and binary32

/// Drops the lowest `dropped` fraction bits of a binary32, to nearest, ties to even; a carry may
/// reach the exponent, up to infinity.
float drop_bits(float value, unsigned dropped) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t odd = (bits >> dropped) & 1u;
  const std::uint32_t rounded = bits + (1u << (dropped - 1)) - 1u + odd;
  return std::bit_cast<float>(rounded & ~((1u << dropped) - 1u));
}

float round_to_f16(float value) {
  const float magnitude = std::abs(value);
  // Binary32 numbers in [0.5, 1) are 2^-24 apart, as are the subnormal numbers of binary16.
  const float rounded =
      magnitude < kF16MinNormal ? (magnitude + 0.5f) - 0.5f : drop_bits(magnitude, 13);
  return std::copysign(rounded > kF16Max ? std::numeric_limits<float>::infinity() : rounded, value);
}

}  // namespace

std::string_view to_string(Dtype dtype) { return dtype == Dtype::kF16 ? "f16" : "bf16"; }

float max_finite(Dtype dtype) { return dtype == Dtype::kF16 ? kF16Max : 0x1.fep127f; }

float round_to(Dtype dtype, float value) {
  if (!std::isfinite(value)) return value;
  return dtype == Dtype::kF16 ? round_to_f16(value) : drop_bits(value, 16);
}

std::uint16_t to_bits(Dtype dtype, float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if (dtype == Dtype::kBF16) {
    return static_cast<std::uint16_t>((bits >> 16) | (std::isnan(value) ? 0x40u : 0u));
  }
  const std::uint32_t sign = (bits & kSign) >> 16;
  if (std::isnan(value)) return static_cast<std::uint16_t>(sign | 0x7e00u);
  if (std::isinf(value)) return static_cast<std::uint16_t>(sign | 0x7c00u);
  const float shifted = std::abs(value) / kF16ExponentShift;
  return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) >> 13));
}

float from_bits(Dtype dtype, std::uint16_t bits) {
  const std::uint32_t wide = bits;
  if (dtype == Dtype::kBF16) return std::bit_cast<float>(wide << 16);
  const std::uint32_t sign = (wide & 0x8000u) << 16;
  const std::uint32_t magnitude = (wide & 0x7fffu) << 13;
  if ((wide & 0x7c00u) == 0x7c00u) return std::bit_cast<float>(sign | kInfinity | magnitude);
  const float value = std::bit_cast<float>(magnitude) * kF16ExponentShift;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
}

}  // namespace kvroof::inputs
