// SPDX-License-Identifier: Apache-2.0
#include "reference/prune.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "reference/require.hpp"

namespace kvroof::reference {
namespace {

using detail::require;

/// A strict order that puts NaN above infinity.
bool ranks_above(double a, double b) {
  if (std::isnan(b)) return false;
  return std::isnan(a) || a > b;
}

/// Marks the `kept` highest of `scores`; a stable sort gives ties to the lowest index.
Eigen::Array<bool, Eigen::Dynamic, 1> keep_largest(ConstVector scores, std::int64_t kept) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(scores.size()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    return ranks_above(scores[a], scores[b]);
  });
  Eigen::Array<bool, Eigen::Dynamic, 1> keep =
      Eigen::Array<bool, Eigen::Dynamic, 1>::Constant(scores.size(), false);
  for (std::int64_t rank = 0; rank < kept; ++rank)
    keep[order[static_cast<std::size_t>(rank)]] = true;
  return keep;
}

void require_count(const char* what, std::int64_t kept, std::int64_t of, const char* unit) {
  require(kept >= 1 && kept <= of, "{}: kept must be in 1..{} {}, got {}", what, of, unit, kept);
}

void require_same_channels(const char* what, ConstMatrix rows, ConstMatrix queries) {
  require(rows.cols() == queries.cols(), "{}: queries have {} channels, the cache has {}", what,
          queries.cols(), rows.cols());
}

Mask keep_largest_per_row(const Matrix& scores, std::int64_t kept) {
  Mask mask(scores.rows(), scores.cols());
  for (Eigen::Index t = 0; t < scores.rows(); ++t) {
    mask.row(t) = keep_largest(scores.row(t).transpose(), kept).transpose();
  }
  return mask;
}

Mask keep_largest_per_column_group(const Matrix& scores, std::int64_t kept, std::int64_t group) {
  Mask mask = Mask::Constant(scores.rows(), scores.cols(), true);
  for (Eigen::Index first = 0; first + group <= scores.rows(); first += group) {
    for (Eigen::Index c = 0; c < scores.cols(); ++c) {
      mask.col(c).segment(first, group) = keep_largest(scores.col(c).segment(first, group), kept);
    }
  }
  return mask;
}

Mask keep_channels(Eigen::Index num_tokens, const Vector& scores, std::int64_t kept) {
  return keep_largest(scores, kept).transpose().replicate(num_tokens, 1);
}

/// Sums over rows, one row after another: the order decides the last bits, and so which of two
/// nearly equal channels wins. Eigen's own sums take an order of its choosing.
Vector sum_per_channel(const Matrix& terms) {
  Vector sums = Vector::Zero(terms.cols());
  for (Eigen::Index row = 0; row < terms.rows(); ++row) sums += terms.row(row).transpose();
  return sums;
}

}  // namespace

Mask prune_per_token_magnitude(ConstMatrix rows, std::int64_t kept) {
  require_count("per-token magnitude", kept, rows.cols(), "channels");
  return keep_largest_per_row(rows.cwiseAbs(), kept);
}

Mask prune_per_token_published(ConstMatrix rows, double sparsity) {
  require(sparsity >= 0.0 && sparsity < 1.0, "published rule: sparsity must be in [0, 1), got {}",
          sparsity);
  Mask mask = Mask::Constant(rows.rows(), rows.cols(), true);
  if (rows.cols() == 0) return mask;
  const auto nth = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(sparsity * static_cast<double>(rows.cols())));
  for (Eigen::Index t = 0; t < rows.rows(); ++t) {
    std::vector<double> ascending(static_cast<std::size_t>(rows.cols()));
    Eigen::Map<Eigen::RowVectorXd>(ascending.data(), rows.cols()) = rows.row(t).cwiseAbs();
    std::sort(ascending.begin(), ascending.end(),
              [](double a, double b) { return ranks_above(b, a); });
    mask.row(t) = rows.row(t).array().abs() >= ascending[static_cast<std::size_t>(nth - 1)];
  }
  return mask;
}

Mask prune_keys_output_aware(ConstMatrix keys, ConstMatrix queries, std::int64_t kept) {
  require_count("output-aware keys", kept, keys.cols(), "channels");
  require_same_channels("output-aware keys", keys, queries);
  const Vector channel_weight = sum_per_channel(queries.cwiseAbs());
  return keep_largest_per_row(keys.cwiseAbs() * channel_weight.asDiagonal(), kept);
}

Mask prune_values_per_channel_magnitude(ConstMatrix values, std::int64_t kept,
                                        std::int64_t group_tokens) {
  require_count("per-channel magnitude", kept, group_tokens, "tokens of a group");
  return keep_largest_per_column_group(values.cwiseAbs(), kept, group_tokens);
}

Mask prune_values_per_channel_output_aware(ConstMatrix values, ConstVector weights,
                                           std::int64_t kept, std::int64_t group_tokens) {
  require_count("output-aware values", kept, group_tokens, "tokens of a group");
  require(weights.size() == values.rows(),
          "output-aware values: {} attention weights for {} tokens, one per token is needed",
          weights.size(), values.rows());
  return keep_largest_per_column_group(weights.cwiseAbs().asDiagonal() * values.cwiseAbs(), kept,
                                       group_tokens);
}

Mask prune_keys_think(ConstMatrix keys, ConstMatrix queries, std::int64_t kept) {
  require_count("ThinK keys", kept, keys.cols(), "channels");
  require_same_channels("ThinK keys", keys, queries);
  const Vector scores =
      sum_per_channel(queries.cwiseAbs2()).cwiseProduct(sum_per_channel(keys.cwiseAbs2()));
  return keep_channels(keys.rows(), scores, kept);
}

Mask prune_values_think(ConstMatrix values, std::int64_t kept) {
  require_count("ThinK values", kept, values.cols(), "channels");
  return keep_channels(values.rows(), sum_per_channel(values.cwiseAbs2()), kept);
}

Mask prune_n_of_m(ConstMatrix rows, std::int64_t kept, std::int64_t group_channels) {
  require_count("N:M", kept, group_channels, "channels of a group");
  require(rows.cols() % group_channels == 0,
          "N:M: head_dim ({}) must be a multiple of the group of {} channels", rows.cols(),
          group_channels);
  Mask mask(rows.rows(), rows.cols());
  for (Eigen::Index first = 0; first < rows.cols(); first += group_channels) {
    mask.middleCols(first, group_channels) =
        keep_largest_per_row(rows.middleCols(first, group_channels).cwiseAbs(), kept);
  }
  return mask;
}

Mask with_dense_tokens(ConstMask mask, std::int64_t sinks, std::int64_t recent) {
  require(sinks >= 0 && recent >= 0,
          "dense tokens: sinks ({}) and recent ({}) must not be negative", sinks, recent);
  Mask result = mask;
  result.topRows(std::min<Eigen::Index>(sinks, mask.rows())).setConstant(true);
  result.bottomRows(std::min<Eigen::Index>(recent, mask.rows())).setConstant(true);
  return result;
}

}  // namespace kvroof::reference
