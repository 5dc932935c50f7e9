// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "profiler/inputs/error.hpp"
#include "profiler/inputs/safetensors.hpp"

namespace kvroof::analysis {
namespace {

using inputs::detail::require;

/// Copies queries [first, first + count) of every head out of [heads, q_len, head_dim].
std::vector<float> slice(const inputs::QueryTensor& queries, std::int64_t head_dim,
                         std::int64_t first, std::int64_t count) {
  std::vector<float> result;
  const std::int64_t per_head = queries.q_len * head_dim;
  for (auto head = queries.elements.begin(); head != queries.elements.end(); head += per_head)
    result.insert(result.end(), head + first * head_dim, head + (first + count) * head_dim);
  return result;
}

/// Queries of seeds [seed, seed + count) for every head.
std::vector<float> draw(inputs::SyntheticConfig config, std::int64_t count) {
  const auto head_dim = static_cast<std::size_t>(config.head_dim);
  std::vector<float> result(static_cast<std::size_t>(config.batch * config.query_heads * count) *
                            head_dim);
  std::span<float> rest = result;
  const std::uint64_t first_seed = config.seed;
  for (std::int64_t b = 0; b < config.batch; ++b) {
    for (std::int64_t h = 0; h < config.query_heads; ++h) {
      for (std::int64_t i = 0; i < count; ++i, rest = rest.subspan(head_dim)) {
        config.seed = first_seed + static_cast<std::uint64_t>(i);
        inputs::generate_query(config, b, h, rest.first(head_dim));
      }
    }
  }
  return result;
}

void require_finite(const CacheSource& source, const std::vector<float>& queries) {
  require(std::all_of(queries.begin(), queries.end(), [](float x) { return std::isfinite(x); }),
          "{}: a query holds NaN or infinity; nothing can be compared with it", describe(source));
}

}  // namespace

std::string describe(const CacheSource& source) {
  if (!source.file.empty()) return source.file;
  return fmt::format("synthetic: seed {}, outlier strength {}", source.synthetic.seed,
                     source.synthetic.outlier_strength);
}

inputs::KvTensors load_cache(const CacheSource& source) {
  if (!source.file.empty()) return inputs::read_safetensors(source.file, source.synthetic.dtype);
  require(source.synthetic.kv_len > 0, "synthetic: kv_len is 0: there is no token to look at");
  return inputs::generate(source.synthetic);
}

Queries load_queries(const CacheSource& source, const inputs::KvTensors& cache,
                     std::int64_t num_scoring, std::int64_t num_evaluation) {
  require(num_scoring >= 1 && num_evaluation >= 1,
          "queries: at least one to score and one to evaluate are needed, got {} and {}",
          num_scoring, num_evaluation);
  inputs::SyntheticConfig config = source.synthetic;
  config.batch = cache.batch;
  config.kv_heads = cache.kv_heads;
  config.head_dim = cache.head_dim;
  if (cache.query_heads > 0) config.query_heads = cache.query_heads;
  Queries queries{.query_heads = config.query_heads,
                  .num_scoring = num_scoring,
                  .num_evaluation = num_evaluation};
  inputs::QueryTensor stored;
  if (!source.file.empty()) stored = inputs::read_queries(source.file, cache.dtype);
  if (stored.q_len > num_evaluation) {
    const std::int64_t first = stored.q_len - num_evaluation;
    queries.num_scoring = std::min(num_scoring, first);
    queries.evaluation = slice(stored, cache.head_dim, first, num_evaluation);
    queries.scoring =
        slice(stored, cache.head_dim, first - queries.num_scoring, queries.num_scoring);
    queries.origin = fmt::format(
        "Of the file's {} queries the last {} evaluate, the {} before them "
        "score.",
        stored.q_len, num_evaluation, queries.num_scoring);
  } else {
    queries.evaluation = draw(config, num_evaluation);
    config.seed += static_cast<std::uint64_t>(num_evaluation);
    queries.scoring = draw(config, num_scoring);
    queries.origin = fmt::format("Queries are drawn: {} evaluate, {} others score.", num_evaluation,
                                 num_scoring);
  }
  require_finite(source, queries.evaluation);
  require_finite(source, queries.scoring);
  return queries;
}

reference::Matrix head_rows(const std::vector<float>& tensor, std::int64_t head_row,
                            std::int64_t rows, std::int64_t head_dim, std::int64_t count) {
  using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const FloatMatrix>(tensor.data() + head_row * rows * head_dim, count * rows,
                                       head_dim)
      .cast<double>();
}

}  // namespace kvroof::analysis
