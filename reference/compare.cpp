// SPDX-License-Identifier: Apache-2.0
#include "reference/compare.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/require.hpp"

namespace kvroof::reference {
namespace {

using detail::require;

bool is_usable(double bound) { return std::isfinite(bound) && bound >= 0.0; }

void validate(std::size_t num_got, std::size_t num_want, const Tolerance& tolerance,
              std::span<const std::int64_t> shape) {
  require(num_got == num_want, "compare: {} elements against {} of the reference", num_got,
          num_want);
  std::uint64_t product = 1;
  for (const std::int64_t extent : shape) product *= static_cast<std::uint64_t>(extent);
  require(product == num_want, "compare: shape [{}] has {} elements, the reference has {}",
          fmt::join(shape, ", "), product, num_want);
  require(is_usable(tolerance.absolute) && is_usable(tolerance.relative),
          "compare: tolerances must be finite and not negative, got absolute {} and relative {}",
          tolerance.absolute, tolerance.relative);
  require(tolerance.per_element.empty() || tolerance.per_element.size() == num_want,
          "compare: {} bounds for {} elements", tolerance.per_element.size(), num_want);
}

/// Same NaN, same infinity, or both finite.
bool same_kind(double got, double want) {
  if (std::isnan(want)) return std::isnan(got);
  if (std::isinf(want)) return got == want;
  return std::isfinite(got);
}

double limit_of(const Tolerance& tolerance, std::size_t i, double want) {
  const double own = tolerance.per_element.empty() ? 0.0 : tolerance.per_element[i];
  require(is_usable(own),
          "compare: the bound of element {} must be finite and not negative, got {}", i, own);
  return tolerance.absolute + tolerance.relative * std::abs(want) + own;
}

double share_of(double error, double limit) {
  if (error == 0.0) return 0.0;
  return limit > 0.0 ? error / limit : std::numeric_limits<double>::infinity();
}

std::vector<std::int64_t> coordinates(std::size_t flat, std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> result(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto extent = static_cast<std::size_t>(shape[axis]);
    result[axis] = static_cast<std::int64_t>(flat % extent);
    flat /= extent;
  }
  return result;
}

std::string describe(const Comparison& c) {
  if (c.num_elements == 0) return "nothing to compare: 0 elements";
  if (c.worst.empty() && c.passed) {
    return fmt::format("all {} elements equal the reference", c.num_elements);
  }
  const std::string where = fmt::format("at [{}]: got {:.9g}, wanted {:.9g}",
                                        fmt::join(c.worst, ", "), c.worst_got, c.worst_want);
  if (c.num_non_finite > 0) {
    return fmt::format("{} of {} elements differ in NaN or infinity, the first {}",
                       c.num_non_finite, c.num_elements, where);
  }
  const std::string errors = fmt::format(
      "max abs error {:.3g}, max rel error {:.3g}, {:.3g} of the tolerance used, worst {}",
      c.max_abs_error, c.max_rel_error, c.used_share, where);
  if (c.passed) return fmt::format("all {} elements within tolerance; {}", c.num_elements, errors);
  return fmt::format("{} of {} elements beyond tolerance; {}", c.num_failures, c.num_elements,
                     errors);
}

template <class Real>
Comparison compare_elements(std::span<const Real> got, std::span<const double> want,
                            const Tolerance& tolerance, std::span<const std::int64_t> shape) {
  validate(got.size(), want.size(), tolerance, shape);
  Comparison result;
  result.num_elements = static_cast<std::int64_t>(want.size());
  const auto remember = [&](std::size_t i, double g) {
    result.worst = coordinates(i, shape);
    result.worst_got = g;
    result.worst_want = want[i];
  };
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double g = static_cast<double>(got[i]);
    if (!same_kind(g, want[i])) {
      if (result.num_non_finite++ == 0) remember(i, g);
      ++result.num_failures;
      continue;
    }
    if (!std::isfinite(want[i])) continue;
    const double error = std::abs(g - want[i]);
    const double share = share_of(error, limit_of(tolerance, i, want[i]));
    if (share > result.used_share && result.num_non_finite == 0) remember(i, g);
    if (share > 1.0) ++result.num_failures;
    result.used_share = std::max(result.used_share, share);
    result.max_abs_error = std::max(result.max_abs_error, error);
    if (want[i] != 0.0) {
      result.max_rel_error = std::max(result.max_rel_error, error / std::abs(want[i]));
    }
  }
  result.passed = result.num_failures == 0;
  result.sentence = describe(result);
  return result;
}

}  // namespace

Comparison compare(std::span<const float> got, std::span<const double> want,
                   const Tolerance& tolerance, std::span<const std::int64_t> shape) {
  return compare_elements(got, want, tolerance, shape);
}

Comparison compare(std::span<const double> got, std::span<const double> want,
                   const Tolerance& tolerance, std::span<const std::int64_t> shape) {
  return compare_elements(got, want, tolerance, shape);
}

}  // namespace kvroof::reference
