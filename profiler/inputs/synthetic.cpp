// SPDX-License-Identifier: Apache-2.0
#include "profiler/inputs/synthetic.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "profiler/inputs/counter_rng.hpp"
#include "profiler/inputs/error.hpp"
#include "profiler/inputs/portable_math.hpp"

namespace kvroof::inputs {
namespace {

using detail::require;

constexpr double kMeanMagnitude = 0.797884560802865;  // E|x| of N(0, 1) = sqrt(2 / pi)
constexpr double kOutlierRatio = 10.0;                // QServe
constexpr double kOutlierRatioSpread = 2.5;           // chosen
constexpr std::int64_t kChannelsPerOutlierPair = 64;  // chosen
constexpr double kDriftSpread = 0.25;                 // chosen
constexpr std::int64_t kDriftTokens = 64;             // chosen
constexpr double kValueGainSpread = 0.25;             // chosen
constexpr double kQueryDeviation = 2.0;               // chosen
constexpr double kLog2RopeBase = 18.931568569324174;  // log2(500000): rope_theta of Llama 3
constexpr double kTurnsPerRadian = 0.159154943091895336;
constexpr double kMaxStrength = 100.0;
constexpr std::int64_t kMaxHeadDim = 4096;

enum class Stream : std::uint64_t { kKeys, kValues, kQueries, kOutliers, kDrift, kValueGain };

CounterRng rng_of(std::uint64_t seed, Stream stream) {
  return CounterRng(mix_bits(seed)).split(static_cast<std::uint64_t>(stream));
}

CounterRng rng_of(std::uint64_t seed, Stream stream, std::int64_t batch_idx, std::int64_t head) {
  return rng_of(seed, stream)
      .split(static_cast<std::uint64_t>(batch_idx))
      .split(static_cast<std::uint64_t>(head));
}

/// Two independent N(0, 1) numbers from one random word, by Box and Muller: the upper half gives
/// the radius (at most 6.7), the lower one the angle.
SinCos gaussian_pair(std::uint64_t word) {
  const double u = (static_cast<double>(word >> 32) + 1.0) * 0x1p-32;  // (0, 1]
  const double radius = std::sqrt(-2.0 * portable_log(u));
  const SinCos angle = portable_sincos(static_cast<double>(word & 0xffffffffu) * 0x1p-32);
  return {radius * angle.sin, radius * angle.cos};
}

/// Fills one row of head_dim numbers; channels c and c + head_dim / 2 share a random word.
void gaussian_row(const CounterRng& rng, std::int64_t row_idx, std::span<double> row) {
  const std::size_t half = row.size() / 2;
  const std::uint64_t base = static_cast<std::uint64_t>(row_idx) * half;
  for (std::size_t pair = 0; pair < half; ++pair) {
    const SinCos numbers = gaussian_pair(rng.at(base + pair));
    row[pair] = numbers.cos;
    row[pair + half] = numbers.sin;
  }
}

/// The component that all tokens of a head share in channels `pair` and `pair + head_dim / 2`.
struct Outlier {
  std::size_t pair;
  double length;
  double phase;            // turns at token 0
  double turns_per_token;  // of the rotary embedding
};

/// One outlier in each of equal slices of the slower half of the pairs, so that none is drawn
/// twice.
std::vector<Outlier> outliers_of(const SyntheticConfig& config, std::int64_t kv_head) {
  std::vector<Outlier> outliers;
  if (config.outlier_strength == 0.0) return outliers;
  const CounterRng head_rng = rng_of(config.seed, Stream::kOutliers, 0, kv_head);
  const std::int64_t pairs = config.head_dim / 2;
  const std::int64_t slow_pairs = pairs - pairs / 2;
  const std::int64_t count = std::max<std::int64_t>(1, config.head_dim / kChannelsPerOutlierPair);
  for (std::int64_t i = 0; i < count; ++i) {
    const CounterRng rng = head_rng.split(static_cast<std::uint64_t>(i));
    const std::int64_t begin = pairs / 2 + i * slow_pairs / count;
    const std::int64_t end = pairs / 2 + (i + 1) * slow_pairs / count;
    const std::int64_t pair =
        begin + static_cast<std::int64_t>(rng.uniform_at(0) * static_cast<double>(end - begin));
    const double ratio = kOutlierRatio + kOutlierRatioSpread * (2.0 * rng.uniform_at(1) - 1.0);
    const double octaves = static_cast<double>(pair) / static_cast<double>(pairs) * kLog2RopeBase;
    outliers.push_back({static_cast<std::size_t>(pair),
                        config.outlier_strength * ratio * kMeanMagnitude, rng.uniform_at(2),
                        portable_exp2(-octaves) * kTurnsPerRadian});
  }
  return outliers;
}

/// A factor around 1 that moves linearly between random knots, kDriftTokens apart.
double drift_at(const CounterRng& rng, std::int64_t token) {
  const auto knot = static_cast<std::uint64_t>(token / kDriftTokens);
  const double along = static_cast<double>(token % kDriftTokens) / kDriftTokens;
  const double level = (1.0 - along) * rng.uniform_at(knot) + along * rng.uniform_at(knot + 1);
  return 1.0 + kDriftSpread * (2.0 * level - 1.0);
}

void store(Dtype dtype, std::span<const double> row, std::span<float> out) {
  for (std::size_t c = 0; c < row.size(); ++c) out[c] = round_to(dtype, static_cast<float>(row[c]));
}

void validate(const SyntheticConfig& config) {
  require(config.batch >= 1 && config.kv_heads >= 1 && config.query_heads >= 1,
          "synthetic: batch ({}), kv_heads ({}) and query_heads ({}) must be at least 1",
          config.batch, config.kv_heads, config.query_heads);
  require(config.query_heads % config.kv_heads == 0,
          "synthetic: query_heads ({}) must be a multiple of kv_heads ({})", config.query_heads,
          config.kv_heads);
  require(config.kv_len >= 0 && config.kv_len <= std::numeric_limits<std::int32_t>::max(),
          "synthetic: kv_len must be in 0..2^31-1, got {}", config.kv_len);
  require(config.head_dim >= 2 && config.head_dim <= kMaxHeadDim && config.head_dim % 2 == 0,
          "synthetic: head_dim must be even and in 2..{}, got {}", kMaxHeadDim, config.head_dim);
  require(config.outlier_strength >= 0.0 && config.outlier_strength <= kMaxStrength,
          "synthetic: outlier_strength must be in 0..{}, got {}", kMaxStrength,
          config.outlier_strength);
}

/// Tokens in `rows`, after checking that `where` and `rows` lie inside the cache.
std::int64_t checked_rows(const SyntheticConfig& config, const RowRange& where,
                          std::span<float> rows) {
  validate(config);
  const auto size = static_cast<std::int64_t>(rows.size());
  require(size % config.head_dim == 0, "synthetic: {} elements are no whole rows of head_dim {}",
          size, config.head_dim);
  const std::int64_t count = size / config.head_dim;
  require(where.batch_idx >= 0 && where.batch_idx < config.batch && where.kv_head >= 0 &&
              where.kv_head < config.kv_heads && where.first_token >= 0 &&
              where.first_token <= config.kv_len - count,
          "synthetic: {} tokens from {} of sequence {}, kv head {} lie outside [{}, {}, {}]", count,
          where.first_token, where.batch_idx, where.kv_head, config.batch, config.kv_heads,
          config.kv_len);
  return count;
}

std::size_t element_count(std::int64_t batch, std::int64_t heads, std::int64_t rows,
                          std::int64_t head_dim) {
  constexpr std::int64_t most =
      std::numeric_limits<std::int64_t>::max() / 8;  // as bytes, with room
  const std::int64_t per_head = rows * head_dim;     // below 2^43
  require(per_head == 0 || heads <= most / per_head,
          "synthetic: {} heads of {} elements are too many", heads, per_head);
  const std::int64_t per_sequence = heads * per_head;
  require(per_sequence == 0 || batch <= most / per_sequence,
          "synthetic: {} sequences of {} elements are too many", batch, per_sequence);
  return static_cast<std::size_t>(batch * per_sequence);
}

/// Calls body(0) ... body(count - 1), each once, on all cores. `body` must not throw.
template <class Body>
void for_each_in_parallel(std::int64_t count, const Body& body) {
  std::atomic<std::int64_t> next = 0;
  const auto work = [&] {
    for (std::int64_t i = next++; i < count; i = next++) body(i);
  };
  const std::int64_t cores = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::jthread> helpers;
  for (std::int64_t i = 1; i < std::min(cores, count); ++i) helpers.emplace_back(work);
  work();
}

}  // namespace

void generate_keys(const SyntheticConfig& config, const RowRange& where, std::span<float> rows) {
  const std::int64_t count = checked_rows(config, where, rows);
  const auto head_dim = static_cast<std::size_t>(config.head_dim);
  const CounterRng noise = rng_of(config.seed, Stream::kKeys, where.batch_idx, where.kv_head);
  const CounterRng drift = rng_of(config.seed, Stream::kDrift, where.batch_idx, where.kv_head);
  const std::vector<Outlier> outliers = outliers_of(config, where.kv_head);
  std::vector<double> row(head_dim);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t token = where.first_token + i;
    gaussian_row(noise, token, row);
    for (const Outlier& outlier : outliers) {
      const double length = outlier.length * drift_at(drift.split(outlier.pair), token);
      const SinCos angle =
          portable_sincos(outlier.phase + static_cast<double>(token) * outlier.turns_per_token);
      row[outlier.pair] += length * angle.cos;
      row[outlier.pair + head_dim / 2] += length * angle.sin;
    }
    store(config.dtype, row, rows.subspan(static_cast<std::size_t>(i) * head_dim, head_dim));
  }
}

void generate_values(const SyntheticConfig& config, const RowRange& where, std::span<float> rows) {
  const std::int64_t count = checked_rows(config, where, rows);
  const auto head_dim = static_cast<std::size_t>(config.head_dim);
  const CounterRng noise = rng_of(config.seed, Stream::kValues, where.batch_idx, where.kv_head);
  const CounterRng gain = rng_of(config.seed, Stream::kValueGain, where.batch_idx, where.kv_head);
  const double spread = kValueGainSpread * std::min(1.0, config.outlier_strength);
  std::vector<double> row(head_dim);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t token = where.first_token + i;
    gaussian_row(noise, token, row);
    const double factor =
        1.0 + spread * (2.0 * gain.uniform_at(static_cast<std::uint64_t>(token)) - 1.0);
    for (double& element : row) element *= factor;
    store(config.dtype, row, rows.subspan(static_cast<std::size_t>(i) * head_dim, head_dim));
  }
}

void generate_query(const SyntheticConfig& config, std::int64_t batch_idx, std::int64_t query_head,
                    std::span<float> query) {
  validate(config);
  require(static_cast<std::int64_t>(query.size()) == config.head_dim && batch_idx >= 0 &&
              batch_idx < config.batch && query_head >= 0 && query_head < config.query_heads,
          "synthetic: query of {} elements for sequence {}, head {} does not fit [{}, {}, {}]",
          query.size(), batch_idx, query_head, config.batch, config.query_heads, config.head_dim);
  std::vector<double> row(query.size());
  gaussian_row(rng_of(config.seed, Stream::kQueries, batch_idx, query_head), 0, row);
  for (double& element : row) element *= kQueryDeviation;
  store(config.dtype, row, query);
}

void add_queries(KvTensors& tensors, std::int64_t query_heads, std::uint64_t seed) {
  SyntheticConfig config;
  config.dtype = tensors.dtype;
  config.batch = tensors.batch;
  config.query_heads = query_heads;
  config.kv_heads = tensors.kv_heads;
  config.head_dim = tensors.head_dim;
  config.seed = seed;
  validate(config);
  const auto head_dim = static_cast<std::size_t>(config.head_dim);
  tensors.query_heads = query_heads;
  tensors.queries.resize(element_count(config.batch, query_heads, 1, config.head_dim));
  std::span<float> rest = tensors.queries;
  for (std::int64_t b = 0; b < config.batch; ++b) {
    for (std::int64_t h = 0; h < query_heads; ++h, rest = rest.subspan(head_dim)) {
      generate_query(config, b, h, rest.first(head_dim));
    }
  }
}

KvTensors generate(const SyntheticConfig& config) {
  validate(config);
  KvTensors tensors;
  tensors.dtype = config.dtype;
  tensors.batch = config.batch;
  tensors.kv_heads = config.kv_heads;
  tensors.kv_len = config.kv_len;
  tensors.head_dim = config.head_dim;
  const std::size_t size =
      element_count(config.batch, config.kv_heads, config.kv_len, config.head_dim);
  tensors.keys.resize(size);
  tensors.values.resize(size);
  const auto per_head = static_cast<std::size_t>(config.kv_len * config.head_dim);
  for_each_in_parallel(config.batch * config.kv_heads, [&](std::int64_t row) {
    const std::size_t offset = static_cast<std::size_t>(row) * per_head;
    const RowRange head{row / config.kv_heads, row % config.kv_heads, 0};
    generate_keys(config, head, std::span(tensors.keys).subspan(offset, per_head));
    generate_values(config, head, std::span(tensors.values).subspan(offset, per_head));
  });
  add_queries(tensors, config.query_heads, config.seed);
  return tensors;
}

}  // namespace kvroof::inputs
