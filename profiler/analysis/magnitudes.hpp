// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "reference/types.hpp"

namespace kvroof::analysis {

/// Of |x| along one channel or one token. Elements that are not finite are left out; 0 without any.
struct Magnitude {
  double mean = 0;
  double rms = 0;  // root of the mean square
  double max = 0;
};

struct OutlierChannel {
  int channel = 0;
  double ratio = 0;  // its mean magnitude / the median of all channels' mean magnitudes
};

/// What pruning meets in keys or values of one kv head.
struct HeadMagnitudes {
  std::vector<Magnitude> channels;  // [head_dim], over all tokens
  std::vector<Magnitude> tokens;    // [kv_len], over all channels
  Magnitude all;
  double median_channel_mean = 0;
  std::vector<OutlierChannel> outliers;  // the largest ratio first
  std::int64_t num_not_finite = 0;
  // How evenly the energy (sum of squares) is spread: (sum e)^2 / (n sum e^2), the inverse Simpson
  // index over n. 1: every channel, or token, has the same; 1 / n: one has all.
  double channel_evenness = 1;
  double token_evenness = 1;
};

/// `rows` is [kv_len, head_dim]; a channel is an outlier from `outlier_ratio` (> 0) times the
/// median on.
HeadMagnitudes measure_magnitudes(reference::ConstMatrix rows, double outlier_ratio);

/// A picture of |x|, or of a mask: means over `tokens_per_cell` tokens (>= 1; the last cell may
/// hold fewer), [ceil(kv_len / tokens_per_cell), head_dim]. NaN where no element is finite.
reference::Matrix magnitude_cells(reference::ConstMatrix rows, std::int64_t tokens_per_cell);
reference::Matrix kept_cells(reference::ConstMask mask, std::int64_t tokens_per_cell);

}  // namespace kvroof::analysis
