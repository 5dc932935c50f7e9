// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "profiler/inputs/kv_tensors.hpp"

namespace kvroof::inputs {

/// What to generate. The same description gives the same bits on every machine.
struct SyntheticConfig {
  Dtype dtype = Dtype::kF16;
  std::int64_t batch = 1;        // >= 1
  std::int64_t query_heads = 1;  // a multiple of kv_heads
  std::int64_t kv_heads = 1;     // >= 1
  std::int64_t kv_len = 0;       // tokens, 0..2^31-1
  std::int64_t head_dim = 128;   // even, 2..4096
  std::uint64_t seed = 0;
  double outlier_strength = 1.0;  // 0 (none) .. 100; 1 resembles published caches
};

/// A post-RoPE cache with the statistics that papers report; where a number is "chosen", no source
/// fixes it, it is only plausible.
///
/// Keys: independent N(0, 1), plus, in a few channels of each kv head, a component that every token
/// shares. KIVI (arXiv 2402.02750, section 3): a few fixed channels of the key cache are very
/// large. QServe (arXiv 2405.04532, "SmoothAttention"): such channels are fixed per head and about
/// 10 times as large as the rest. Rotary embedding turns channel c together with c + head_dim / 2,
/// which is why QServe scales the two alike and why KVQuant (arXiv 2401.18079, pre-RoPE key
/// quantization) finds the structure blurred after it: here each outlier is a vector in such a
/// pair, turned by the token's position at the pair's frequency (base 500000, that of Llama 3). So
/// neighbouring tokens are alike. The pair's length is outlier_strength * (10 +- 2.5) times the
/// mean magnitude of an ordinary element (the 10 of QServe, the spread chosen) and drifts by +- 25
/// % over 64 tokens (chosen). One pair per 64 channels, at least one (chosen), among the slower
/// half of the pairs (chosen: a fast pair would spread an outlier evenly over two channels, while
/// the papers see single ones). The channels depend on seed and head only, not on the sequence of
/// the batch.
///
/// Values: N(0, 1) in every channel times a gain per token. KIVI and QServe: values show no outlier
/// channels. The gain is uniform within +- 25 % * min(1, outlier_strength) of 1 (chosen).
///
/// Queries: independent N(0, 4) (chosen: scores of plain keys then have a standard deviation of 2,
/// so that a few percent of the tokens carry most of the attention and a lost tile is visible).
///
/// outlier_strength 0: keys and values are plain N(0, 1).
///
/// Throws InputError for a value out of its range. Numbers stay below 4000 in magnitude at every
/// permitted strength, so no type overflows.
KvTensors generate(const SyntheticConfig& config);

/// Parts of what generate() returns, without the rest: whole rows of tokens [first_token,
/// first_token + rows.size() / head_dim). Row t does not depend on kv_len, batch or the number of
/// heads, so a longer cache begins with the shorter one. Safe to call from many threads.
/// rows.size() must be a multiple of head_dim and the tokens inside kv_len.
struct RowRange {
  std::int64_t batch_idx;
  std::int64_t kv_head;
  std::int64_t first_token;
};
void generate_keys(const SyntheticConfig& config, const RowRange& where, std::span<float> rows);
void generate_values(const SyntheticConfig& config, const RowRange& where, std::span<float> rows);

/// The query of one head; query.size() == head_dim.
void generate_query(const SyntheticConfig& config, std::int64_t batch_idx, std::int64_t query_head,
                    std::span<float> query);

/// Queries for a cache that came without: fills `tensors.queries` for `query_heads` heads (a
/// multiple of tensors.kv_heads), the same as generate() gives for that seed.
void add_queries(KvTensors& tensors, std::int64_t query_heads, std::uint64_t seed);

}  // namespace kvroof::inputs
