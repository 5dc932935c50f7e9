// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/inputs/synthetic.hpp"
#include "reference/types.hpp"

namespace kvroof::analysis {

/// Where a cache comes from: a safetensors file, or the generator.
struct CacheSource {
  std::string file;                   // empty: synthetic
  inputs::SyntheticConfig synthetic;  // its shape counts only without a file; dtype always
};

/// "cache.safetensors" or "synthetic: seed 1, outlier strength 1".
std::string describe(const CacheSource& source);

/// The dense cache. Throws inputs::InputError when the file or the description cannot be used, or
/// there is no token.
inputs::KvTensors load_cache(const CacheSource& source);

/// Queries that rules may look at, and others that results are judged by: never the same. Both are
/// [batch, query_heads, count, head_dim].
struct Queries {
  std::int64_t query_heads = 0;
  std::int64_t num_scoring = 0;
  std::int64_t num_evaluation = 0;
  std::vector<float> scoring{};
  std::vector<float> evaluation{};
  std::string origin{};  // a sentence: where both came from
};

/// Of a file with more than `num_evaluation` queries its last ones evaluate and up to `num_scoring`
/// before them score. All others are drawn: query i of a head is that of seed + i, the evaluation's
/// come first. Throws inputs::InputError when a count is below 1 or a query is not finite.
Queries load_queries(const CacheSource& source, const inputs::KvTensors& cache,
                     std::int64_t num_scoring, std::int64_t num_evaluation);

/// Rows of one head of a tensor [batch, heads, rows, head_dim] as the reference wants them.
/// `head_row` is sequence * heads + head; `count` heads that follow are stacked.
reference::Matrix head_rows(const std::vector<float>& tensor, std::int64_t head_row,
                            std::int64_t rows, std::int64_t head_dim, std::int64_t count = 1);

}  // namespace kvroof::analysis
