// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "profiler/analysis/cache.hpp"
#include "profiler/analysis/prune_head.hpp"
#include "profiler/analysis/stored_bytes.hpp"

namespace kvroof::analysis {

/// How far decode attention over a pruned cache is from that over the dense one, in double
/// precision, mean over queries. NaN where the cache makes either of them NaN.
struct Fidelity {
  double output_relative_error = 0;  // ||o - o_dense|| / ||o_dense||
  double output_cosine = 1;
  double attention_kl = 0;  // sum p_dense ln(p_dense / p), in nats
  double attention_top_p_recall =
      1;  // of the fewest tokens that hold p of the dense attention, the
          // share that is among as many of the pruned attention's largest
};

struct FidelityConfig {
  std::vector<std::pair<SideRule, SideRule>> rules;  // keys, values
  std::vector<Format> formats;
  DenseTokens dense;
  std::int64_t num_scoring = 32;    // queries per head that rules may see
  std::int64_t num_evaluation = 8;  // others, per head, that judge
  double top_p = 0.9;               // in (0, 1]
};

/// Keys and values pruned by these rules.
struct FidelityResult {
  SideRule keys, values;
  double kept_keys = 1;  // share of the prunable elements that survive
  double kept_values = 1;
  std::int64_t num_kept_keys = 0;  // elements, dense tokens left out
  std::int64_t num_kept_values = 0;
  Fidelity overall{};
  std::vector<Fidelity> heads{};  // [kv_heads], over sequences and the query heads that share it
  struct Size {
    Format format;
    StoredBytes keys, values;  // of the whole cache
  };
  std::vector<Size> sizes{};  // formats that can hold both masks
};

/// Rules at every sparsity, N:M rules at a half only; kNone once. Throws std::invalid_argument for
/// a rule that does not exist for `side`.
std::vector<SideRule> side_rules(Operand side, const std::vector<prune::Rule>& rules,
                                 double sparsity);

/// Results in the order of config.rules. `on_head` is called before each of batch * kv_heads heads;
/// when it returns false the work ends and the result is empty. Throws std::invalid_argument for a
/// setting out of range, inputs::InputError as load_queries() does.
std::vector<FidelityResult> measure_fidelity(const inputs::KvTensors& cache, const Queries& queries,
                                             const FidelityConfig& config,
                                             const std::function<bool()>& on_head);

/// One query's attention: weights [kv_len] and output [head_dim], dense against pruned.
Fidelity compare_query(reference::ConstVector dense_weights, reference::ConstVector weights,
                       reference::ConstVector dense_output, reference::ConstVector output,
                       double top_p);

}  // namespace kvroof::analysis
