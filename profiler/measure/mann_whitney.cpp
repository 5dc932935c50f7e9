// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "profiler/measure/statistics.hpp"

namespace kvroof::measure {
namespace {

constexpr std::size_t kMostExact = 20;  // numbers of a group: the normal curve is close beyond

/// U of the second group: pairs in which its number is larger, ties half.
double count_wins(std::span<const double> first, std::span<const double> second) {
  std::vector<double> sorted(first.begin(), first.end());
  std::sort(sorted.begin(), sorted.end());
  double wins = 0;
  for (const double number : second) {
    const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), number);
    wins += static_cast<double>(low - sorted.begin()) + 0.5 * static_cast<double>(high - low);
  }
  return wins;
}

/// Sizes of the groups of equal numbers.
std::vector<double> tie_sizes(std::span<const double> first, std::span<const double> second) {
  std::vector<double> all(first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  std::sort(all.begin(), all.end());
  std::vector<double> sizes;
  for (auto at = all.begin(); at != all.end();) {
    const auto end = std::upper_bound(at, all.end(), *at);
    sizes.push_back(static_cast<double>(end - at));
    at = end;
  }
  return sizes;
}

/// Probability of each U of groups of n and m when all arrangements are equally likely. The largest
/// number of all is of the first group, which leaves U to the rest, or of the second, which beats
/// all n: p(n, m, u) = n/(n+m) p(n-1, m, u) + m/(n+m) p(n, m-1, u-n).
std::vector<double> exact_distribution(std::size_t n, std::size_t m) {
  std::vector<std::vector<double>> previous(m + 1, {1.0});  // n = 0: U is 0
  for (std::size_t i = 1; i <= n; ++i) {
    std::vector<std::vector<double>> row(m + 1);
    row[0] = {1.0};
    for (std::size_t j = 1; j <= m; ++j) {
      row[j].assign(i * j + 1, 0.0);
      const auto total = static_cast<double>(i + j);
      for (std::size_t u = 0; u < previous[j].size(); ++u)
        row[j][u] += static_cast<double>(i) / total * previous[j][u];
      for (std::size_t u = 0; u < row[j - 1].size(); ++u)
        row[j][u + i] += static_cast<double>(j) / total * row[j - 1][u];
    }
    previous = std::move(row);
  }
  return previous[m];
}

double exact_p(std::size_t n, std::size_t m, double wins) {
  const std::vector<double> distribution = exact_distribution(n, m);
  const auto u = static_cast<std::size_t>(std::min(wins, static_cast<double>(n * m) - wins));
  double tail = 0;
  for (std::size_t i = 0; i <= u; ++i) tail += distribution[i];
  return std::min(1.0, 2 * tail);
}

double normal_p(double n, double m, double wins, const std::vector<double>& ties) {
  const double all = n + m;
  double tied = 0;
  for (const double t : ties) tied += t * t * t - t;
  const double variance = n * m / 12 * ((all + 1) - tied / (all * (all - 1)));
  if (variance <= 0) return 1;  // all numbers are equal
  const double distance = std::max(0.0, std::abs(wins - n * m / 2) - 0.5);
  return std::erfc(distance / std::sqrt(2 * variance));
}

}  // namespace

RankTest mann_whitney(std::span<const double> first, std::span<const double> second) {
  RankTest test;
  if (first.empty() || second.empty()) return test;
  const double wins = count_wins(first, second);
  const auto n = static_cast<double>(first.size());
  const auto m = static_cast<double>(second.size());
  const std::vector<double> ties = tie_sizes(first, second);
  const bool exact = first.size() <= kMostExact && second.size() <= kMostExact &&
                     ties.size() == first.size() + second.size();
  test.superiority = wins / (n * m);
  test.p = exact ? exact_p(first.size(), second.size(), wins) : normal_p(n, m, wins, ties);
  // 2 / binomial(n + m, n): the groups do not overlap at all.
  test.least_p =
      std::min(1.0, 2 * std::exp(std::lgamma(n + 1) + std::lgamma(m + 1) - std::lgamma(n + m + 1)));
  return test;
}

}  // namespace kvroof::measure
