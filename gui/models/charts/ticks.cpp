// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/charts/ticks.hpp"

#include <algorithm>
#include <cmath>

namespace kvroof::gui {
namespace {

bool isInside(double place, double low, double high) {
  const double slack = 1e-9 * std::abs(high - low);
  return place >= low - slack && place <= high + slack;
}

/// base^n for n = 0, step, 2 step, ..., at most `most` places.
std::vector<double> powers(double base, double low, double high, int most) {
  const double first = std::log(low) / std::log(base), last = std::log(high) / std::log(base);
  const int count = static_cast<int>(std::floor(last + 1e-9) - std::ceil(first - 1e-9)) + 1;
  const int step = std::max(1, (count + most - 1) / std::max(1, most));
  std::vector<double> places;
  for (int n = static_cast<int>(std::ceil(first - 1e-9));
       n <= static_cast<int>(std::floor(last + 1e-9)); ++n)
    if (n % step == 0) places.push_back(std::pow(base, n));
  return places;
}

std::vector<double> multiplesOfDecades(double low, double high,
                                       std::initializer_list<double> factors) {
  std::vector<double> places;
  for (int n = static_cast<int>(std::floor(std::log10(low)));
       n <= static_cast<int>(std::ceil(std::log10(high))); ++n)
    for (const double factor : factors)
      if (const double place = factor * std::pow(10, n); isInside(place, low, high))
        places.push_back(place);
  return places;
}

std::vector<double> multiplesOf(double step, double low, double high) {
  std::vector<double> places;
  for (double n = std::ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; ++n)
    places.push_back(n == 0 ? 0 : n * step);  // not -0
  return places;
}

/// `smallest` is the least step. A few more than `most` are taken when fewer than two would fit.
std::vector<double> evenSteps(double low, double high, int most, double smallest) {
  std::vector<double> places;
  for (int count = most; count < most + 8 && places.size() < 2; ++count) {
    const double rough = std::max(smallest, (high - low) / std::max(1, count - 1));
    const double decade = std::pow(10, std::floor(std::log10(rough)));
    double step = 10 * decade;
    for (const double factor : {5.0, 2.5, 2.0, 1.0})
      if (factor * decade >= rough * (1 - 1e-9)) step = factor * decade;
    if (smallest > 0 && step != std::floor(step)) step *= 2;
    places = multiplesOf(step, low, high);
  }
  return places;
}

std::vector<double> logPlaces(const Axis& axis, double low, double high, int most) {
  if (axis.quantity == Quantity::tokens) {
    const auto places = powers(2, low, high, most);
    if (places.size() >= 2) return places;
  }
  constexpr double kFlat = 3;  // below this ratio even steps lie as well, and read better
  if (high / low < kFlat) return evenSteps(low, high, most, 0);
  for (const auto& factors :
       {std::initializer_list<double>{1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9},
        std::initializer_list<double>{1, 2, 3, 5, 7}, std::initializer_list<double>{1, 2, 5},
        std::initializer_list<double>{1, 3}}) {
    const auto places = multiplesOfDecades(low, high, factors);
    if (places.size() >= 2 && static_cast<int>(places.size()) <= most) return places;
  }
  const auto decades = powers(10, low, high, most);
  if (decades.size() >= 2) return decades;
  return evenSteps(low, high, most, 0);
}

/// As many digits as tell a place from its neighbours: 1.025 kB is not 1.02 kB.
int digitsOf(double place) {
  for (int digits = 3; digits < 8; ++digits)
    if (std::abs(QString::number(place, 'e', digits - 1).toDouble() - place) <=
        1e-9 * std::abs(place))
      return digits;
  return 3;
}

}  // namespace

std::vector<double> tickPlaces(const Axis& axis, double low, double high, int most) {
  if (!(high > low) || !std::isfinite(low) || !std::isfinite(high) || most < 1) return {};
  if (axis.scale == Scale::log)
    return low > 0 ? logPlaces(axis, low, high, most) : std::vector<double>{};
  if (axis.scale == Scale::category) {
    const int first = std::max(0, static_cast<int>(std::ceil(low)));
    const int last =
        std::min(static_cast<int>(axis.categories.size()) - 1, static_cast<int>(std::floor(high)));
    const int step = std::max(1, (last - first + most) / most);
    std::vector<double> places;
    for (int i = first; i <= last; ++i)
      if (i % step == 0) places.push_back(i);
    return places;
  }
  return evenSteps(low, high, most, axis.quantity == Quantity::count ? 1 : 0);
}

std::vector<double> subTickPlaces(const Axis& axis, double low, double high) {
  if (axis.scale != Scale::log || !(low > 0) || !(high > low) || high / low > 1e7) return {};
  if (axis.quantity == Quantity::tokens) return powers(2, low, high, 64);
  return multiplesOfDecades(low, high, {1, 2, 3, 4, 5, 6, 7, 8, 9});
}

QString tickText(const Axis& axis, double place) {
  if (axis.scale != Scale::category)
    return formatQuantity(place * axis.perUnit, axis.quantity, digitsOf(place * axis.perUnit));
  const auto i = static_cast<qsizetype>(std::lround(place));
  return i >= 0 && i < axis.categories.size() ? axis.categories[i] : QString();
}

}  // namespace kvroof::gui
