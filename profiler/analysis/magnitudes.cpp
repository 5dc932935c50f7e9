// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/magnitudes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kvroof::analysis {
namespace {

/// Gathers |x| of finite elements.
struct Sums {
  double magnitudes = 0;
  double energy = 0;  // sum of squares
  double max = 0;
  std::int64_t count = 0;

  void add(double x) {
    const double magnitude = std::abs(x);
    magnitudes += magnitude;
    energy += magnitude * magnitude;
    max = std::max(max, magnitude);
    ++count;
  }
  Magnitude result() const {
    if (count == 0) return {};
    const auto n = static_cast<double>(count);
    return {magnitudes / n, std::sqrt(energy / n), max};
  }
};

std::vector<Magnitude> results(const std::vector<Sums>& sums) {
  std::vector<Magnitude> all;
  for (const Sums& one : sums) all.push_back(one.result());
  return all;
}

double evenness(const std::vector<Sums>& sums) {
  double total = 0;
  double squares = 0;
  for (const Sums& one : sums) {
    total += one.energy;
    squares += one.energy * one.energy;
  }
  return squares > 0 ? total * total / (static_cast<double>(sums.size()) * squares) : 1.0;
}

double median_mean(std::vector<Magnitude> channels) {
  if (channels.empty()) return 0;
  std::sort(channels.begin(), channels.end(),
            [](const Magnitude& a, const Magnitude& b) { return a.mean < b.mean; });
  const std::size_t half = channels.size() / 2;
  return channels.size() % 2 == 1 ? channels[half].mean
                                  : (channels[half - 1].mean + channels[half].mean) / 2;
}

std::vector<OutlierChannel> find_outliers(const HeadMagnitudes& head, double outlier_ratio) {
  std::vector<OutlierChannel> outliers;
  for (std::size_t c = 0; c < head.channels.size(); ++c) {
    const double mean = head.channels[c].mean;
    if (mean > 0 && mean >= outlier_ratio * head.median_channel_mean)
      outliers.push_back({static_cast<int>(c), mean / head.median_channel_mean});
  }
  std::stable_sort(outliers.begin(), outliers.end(),
                   [](const auto& a, const auto& b) { return a.ratio > b.ratio; });
  return outliers;
}

/// Means of value(t, c) over cells of tokens; what is not finite is left out.
template <class Value>
reference::Matrix cells(Eigen::Index tokens, Eigen::Index channels, std::int64_t tokens_per_cell,
                        Value&& value) {
  const Eigen::Index rows = (tokens + tokens_per_cell - 1) / tokens_per_cell;
  reference::Matrix result(rows, channels);
  for (Eigen::Index row = 0; row < rows; ++row) {
    const Eigen::Index end = std::min<Eigen::Index>(tokens, (row + 1) * tokens_per_cell);
    for (Eigen::Index c = 0; c < channels; ++c) {
      Sums sums;
      for (Eigen::Index t = row * tokens_per_cell; t < end; ++t)
        if (std::isfinite(value(t, c))) sums.add(value(t, c));
      result(row, c) =
          sums.count > 0 ? sums.result().mean : std::numeric_limits<double>::quiet_NaN();
    }
  }
  return result;
}

}  // namespace

HeadMagnitudes measure_magnitudes(reference::ConstMatrix rows, double outlier_ratio) {
  std::vector<Sums> channels(static_cast<std::size_t>(rows.cols()));
  std::vector<Sums> tokens(static_cast<std::size_t>(rows.rows()));
  Sums all;
  HeadMagnitudes head;
  for (Eigen::Index t = 0; t < rows.rows(); ++t) {
    for (Eigen::Index c = 0; c < rows.cols(); ++c) {
      const double x = rows(t, c);
      if (!std::isfinite(x)) {
        ++head.num_not_finite;
        continue;
      }
      channels[static_cast<std::size_t>(c)].add(x);
      tokens[static_cast<std::size_t>(t)].add(x);
      all.add(x);
    }
  }
  head.channels = results(channels);
  head.tokens = results(tokens);
  head.all = all.result();
  head.channel_evenness = evenness(channels);
  head.token_evenness = evenness(tokens);
  head.median_channel_mean = median_mean(head.channels);
  head.outliers = find_outliers(head, outlier_ratio);
  return head;
}

reference::Matrix magnitude_cells(reference::ConstMatrix rows, std::int64_t tokens_per_cell) {
  return cells(rows.rows(), rows.cols(), tokens_per_cell,
               [&](Eigen::Index t, Eigen::Index c) { return rows(t, c); });
}

reference::Matrix kept_cells(reference::ConstMask mask, std::int64_t tokens_per_cell) {
  return cells(mask.rows(), mask.cols(), tokens_per_cell,
               [&](Eigen::Index t, Eigen::Index c) { return mask(t, c) ? 1.0 : 0.0; });
}

}  // namespace kvroof::analysis
