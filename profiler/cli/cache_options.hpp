// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "profiler/analysis/cache.hpp"
#include "profiler/analysis/prune_head.hpp"

namespace CLI {
class App;
}

namespace kvroof::cli {

/// Which cache to look at, as options, and what of it no rule touches.
struct CacheOptions {
  analysis::CacheSource source;
  std::string dtype = "f16";
  analysis::DenseTokens dense;
  int num_scoring = 32;

  CacheOptions();
};
void add_cache_options(CLI::App& command, CacheOptions& options);

/// The cache. Throws std::invalid_argument or inputs::InputError.
inputs::KvTensors load_cache(CacheOptions& options);

/// Names to rules; "all" stands for every rule of the side. Throws std::invalid_argument.
std::vector<prune::Rule> rules_named(Operand side, const std::vector<std::string>& names);

}  // namespace kvroof::cli
