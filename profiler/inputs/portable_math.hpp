// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

/// Elementary functions from +, -, *, / and sqrt only, which IEEE 754 defines to the last bit. The
/// ones of the C library differ between versions and machines. Users compile with
/// -ffp-contract=off. Each is within 1e-14 of the exact value over its range.
namespace kvroof::inputs {

struct SinCos {
  double sin;
  double cos;
};

/// Natural logarithm of a positive normal number: ln(m 2^e) = e ln 2 + 2 artanh((m - 1) / (m + 1)),
/// with m in [sqrt(1/2), sqrt(2)), so that nine terms of the odd series suffice.
inline double portable_log(double x) {
  constexpr double ln2 = 0.693147180559945309;
  constexpr std::uint64_t fraction_bits = 0x000fffffffffffffu;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  double m = std::bit_cast<double>((bits & fraction_bits) | 0x3ff0000000000000u);  // [1, 2)
  const bool high = m >= 1.41421356237309505;
  m = high ? 0.5 * m : m;
  const double exponent =
      static_cast<double>(static_cast<std::int64_t>(bits >> 52) - 1023 + (high ? 1 : 0));
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  const double tail = 1.0 / 9 + z * (1.0 / 11 + z * (1.0 / 13 + z * (1.0 / 15 + z * (1.0 / 17))));
  const double series = 1.0 + z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * tail)));
  return exponent * ln2 + 2.0 * s * series;
}

/// 2^x for |x| <= 1000: the integer part goes to the exponent, the rest (within 1/2) into the
/// Taylor series of exp.
inline double portable_exp2(double x) {
  constexpr double ln2 = 0.693147180559945309;
  const auto whole = static_cast<std::int64_t>(x + (x < 0.0 ? -0.5 : 0.5));
  const double y = (x - static_cast<double>(whole)) * ln2;
  double sum = 1.0;
  for (int n = 14; n >= 1; --n) sum = 1.0 + sum * y / n;
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(whole + 1023) << 52);
}

/// Sine and cosine of an angle in turns, 0 <= turns < 2^50: reduced to an eighth of a turn around
/// the nearest quarter, then Taylor series.
inline SinCos portable_sincos(double turns) {
  constexpr double half_pi = 1.57079632679489662;
  const auto quarter = static_cast<std::int64_t>(4.0 * turns + 0.5);
  const double y = (4.0 * turns - static_cast<double>(quarter)) * half_pi;  // |y| <= pi / 4
  const double z = y * y;
  const double sin_tail = 1.0 - z * (1.0 / 110) * (1.0 - z * (1.0 / 156) * (1.0 - z * (1.0 / 210)));
  const double sin =
      y * (1.0 -
           z * (1.0 / 6) *
               (1.0 - z * (1.0 / 20) * (1.0 - z * (1.0 / 42) * (1.0 - z * (1.0 / 72) * sin_tail))));
  const double cos_tail = 1.0 - z * (1.0 / 90) * (1.0 - z * (1.0 / 132) * (1.0 - z * (1.0 / 182)));
  const double cos =
      1.0 - z * (1.0 / 2) *
                (1.0 - z * (1.0 / 12) * (1.0 - z * (1.0 / 30) * (1.0 - z * (1.0 / 56) * cos_tail)));
  const bool swapped = (quarter & 1) != 0;
  const double sin_sign = (quarter & 2) != 0 ? -1.0 : 1.0;
  const double cos_sign = ((quarter + 1) & 2) != 0 ? -1.0 : 1.0;
  return {sin_sign * (swapped ? cos : sin), cos_sign * (swapped ? sin : cos)};
}

}  // namespace kvroof::inputs
