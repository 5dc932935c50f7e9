// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "profiler/analysis/fidelity.hpp"
#include "profiler/report/table.hpp"
#include "traces/trace.hpp"

namespace kvroof::analysis {

/// What the results of one call share.
struct FidelitySetting {
  CacheSource source;
  FidelityConfig config;
  // of the cache
  std::int64_t batch = 0;
  std::int64_t query_heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t kv_len = 0;
  std::int64_t head_dim = 0;
};

/// A row per rules, sparsity and format; with `per_head` one per kv head besides, whose kv_head is
/// set.
report::Table fidelity_table(const std::vector<FidelityResult>& results,
                             const FidelitySetting& setting, bool per_head);

/// What kvroof-view's fidelity chart reads: a record per row of fidelity_table() without heads,
/// per-head figures under names with "_head_<n>". All numbers are modelled: computed, not run.
std::vector<traces::Record> fidelity_records(const std::vector<FidelityResult>& results,
                                             const FidelitySetting& setting);

}  // namespace kvroof::analysis
