// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kvroof::reference {

/// How far element i may be from its reference: absolute + relative * |want[i]| + per_element[i].
/// Every part is finite and not negative; all zero asks for equality.
struct Tolerance {
  double absolute = 0.0;
  double relative = 0.0;
  std::span<const double> per_element = {};  // empty, or one bound per element
};

struct Comparison {
  bool passed = true;
  std::int64_t num_elements = 0;
  std::int64_t num_failures = 0;    // elements beyond their tolerance, wrong NaN/inf included
  std::int64_t num_non_finite = 0;  // of the failures: NaN or inf in one side and not in the other
  double max_abs_error = 0.0;       // over elements finite on both sides
  double max_rel_error = 0.0;       // likewise, where the reference is not 0
  double used_share = 0.0;          // largest error / tolerance; above 1 fails, inf at tolerance 0
  std::vector<std::int64_t> worst;  // where: the first wrong NaN/inf, else the largest used share
  double worst_got = 0.0;
  double worst_want = 0.0;
  std::string sentence;  // the above for people
};

/// Compares a result with its reference. First the positions of NaN, +inf and -inf, which must be
/// the same; then the errors of the finite elements. `shape` gives coordinates their meaning, e.g.
/// [batch, query_heads, head_dim]; its product is the number of elements. Throws
/// std::invalid_argument when sizes disagree or a tolerance is negative, infinite or NaN.
Comparison compare(std::span<const float> got, std::span<const double> want,
                   const Tolerance& tolerance, std::span<const std::int64_t> shape);
Comparison compare(std::span<const double> got, std::span<const double> want,
                   const Tolerance& tolerance, std::span<const std::int64_t> shape);

}  // namespace kvroof::reference
