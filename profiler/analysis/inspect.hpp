// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiler/analysis/cache.hpp"
#include "profiler/analysis/magnitudes.hpp"
#include "profiler/analysis/prune_head.hpp"
#include "profiler/report/table.hpp"

namespace kvroof::analysis {

struct InspectConfig {
  std::int64_t sequence = 0;  // the one to look at
  double outlier_ratio = 3;   // see measure_magnitudes()
  SideRule keys{prune::Rule::kPerTokenMagnitude, 0.5};
  SideRule values{prune::Rule::kPerTokenMagnitude, 0.5};
  DenseTokens dense;
  std::int64_t num_scoring = 32;
  std::int64_t tokens_per_cell = 0;  // of the pictures; 0: as many as make at most 256 rows
};

/// Keys or values of one kv head.
struct InspectedHead {
  Operand side = Operand::kKeys;
  std::int64_t kv_head = 0;
  HeadMagnitudes magnitudes;
  double kept_share = 1;    // of all elements, dense tokens included
  reference::Matrix cells;  // mean magnitudes
  reference::Matrix kept_share_cells;
};

struct Inspection {
  std::string source;
  std::string rule;  // what chose the mask, for people
  std::int64_t kv_len = 0;
  std::int64_t tokens_per_cell = 1;
  std::vector<InspectedHead> heads{};  // keys of all kv heads, then values
};

/// Throws std::invalid_argument for a sequence that is not there or a setting out of range,
/// inputs::InputError as load_queries() does.
Inspection inspect(const CacheSource& source, const inputs::KvTensors& cache,
                   const InspectConfig& config);

/// A row per side and kv head.
report::Table head_table(const Inspection& inspection);
/// A row per channel and per token of every head, for CSV.
report::Table line_table(const Inspection& inspection);
/// What kvroof-view's cache view reads (docs/viewer.md), with the statistics of every plane beside.
std::string inspect_json(const Inspection& inspection);

}  // namespace kvroof::analysis
