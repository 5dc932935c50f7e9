// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "gui/models/charts/chart.hpp"

namespace kvroof::gui {

/// Place 0..1 of a cell's value on the ramp. Diverging ramps are logarithmic around their middle,
/// so that twice as fast and half as fast are equally far from it.
class CellScale {
 public:
  explicit CellScale(const Grid& grid) : neutral_(grid.neutral) {
    std::vector<double> values;
    for (const double value : grid.values)
      if (std::isfinite(value)) values.push_back(value);
    if (values.empty()) return;
    std::sort(values.begin(), values.end());
    low_ = values.front();
    // Outliers would leave one colour for all the rest.
    constexpr double kShown = 0.995;
    high_ = neutral_
                ? values.back()
                : values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * kShown)];
    if (!neutral_) {
      if (low_ > 0 && low_ < 0.05 * high_)
        low_ = 0;  // "0.00004" at the end of a ramp tells nothing
      return;
    }
    const double most = std::max(
        {std::abs(std::log(high_ / *neutral_)), std::abs(std::log(low_ / *neutral_)), 0.1});
    low_ = *neutral_ * std::exp(-most);
    high_ = *neutral_ * std::exp(most);
  }

  double low() const { return low_; }    // value at 0
  double high() const { return high_; }  // value at 1; higher ones have its colour
  double share(double value) const {
    if (!(high_ > low_)) return 0.5;
    return neutral_ ? std::log(value / low_) / std::log(high_ / low_)
                    : (value - low_) / (high_ - low_);
  }

 private:
  std::optional<double> neutral_;
  double low_ = 0, high_ = 1;
};

}  // namespace kvroof::gui
