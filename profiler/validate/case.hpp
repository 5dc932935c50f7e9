// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernels/prune/rule.hpp"
#include "kernels/value_types.hpp"

namespace kvroof::validate {

/// One decode step to check: shapes, how much is pruned, and where the numbers come from.
struct Case {
  std::string method = "lane_chunk";  // how the cache is stored and attended to (method.hpp)
  int batch = 1;
  int query_heads = 32;
  int kv_heads = 8;
  int head_dim = 128;
  std::vector<int> kv_lengths = {4096};  // one per sequence, or one for all
  int window = 32;                       // most recent tokens that stay dense, at most the sequence
  int sinks = 0;                         // first tokens that stay dense
  prune::Rule key_rule = prune::Rule::kPerTokenMagnitude;
  prune::Rule value_rule = prune::Rule::kPerTokenMagnitude;
  double requested_sparsity = 0.5;  // what the user asked for; kept_* say what became of it
  std::optional<double> requested_value_sparsity;  // where it differs from that of the keys
  int kept_keys = 64;                              // per row, 1 .. head_dim; where the rule fixes
  int kept_values = 64;                            // no count per row: on average, or at least
  std::optional<int> appended;  // so many tokens of every sequence come one by one to a growing
                                // cache, which gets the others as a prompt; none: packed at once
  ValueType value_type = ValueType::kF16;
  int blocks = 0;  // that share the work; 0: chosen by the plan
  std::uint64_t seed = 1;
  double outlier_strength = 1.0;  // of the synthetic keys; 0: none
  std::string kv_file;            // safetensors; empty: synthetic

  int kv_length(int sequence) const;
  int max_kv_len() const;
  int min_kv_len() const;
  prune::Rule rule(Operand side) const { return side == Operand::kKeys ? key_rule : value_rule; }
  int kept(Operand side) const { return side == Operand::kKeys ? kept_keys : kept_values; }
  bool operator==(const Case&) const = default;
};

/// Throws std::invalid_argument unless the case makes sense: positive shapes, lengths for every
/// sequence, at least one token in all, rules of their side, kept within head_dim and what the
/// rules can keep.
void check(const Case& one);

/// The entries that compete for the places of a rule, and how many of them `kept` of a row are.
prune::KeptCount kept_count(prune::Rule rule, int head_dim, int kept);

/// Sets what survives of a side at a sparsity (prune::kept_count). Throws std::invalid_argument for
/// a sparsity or head_dim out of range.
void set_sparsity(Case& one, Operand side, double sparsity);

/// The least host memory that validating the case on the simulator takes, in bytes: for refusing
/// what cannot work before a system runs out of memory. The case's numbers must not be negative.
double host_bytes(const Case& one);

/// "1 x 32/8 heads x 4096 tokens x 128, window 32, kept 64/64, f16": one line for people, which
/// names rules that are not per-token magnitude.
std::string describe(const Case& one);

enum class Suite { kSmoke, kFull };

/// The fixed list of cases of a suite, in a fixed order. Smoke: seconds on the simulator. Full,
/// minutes: lists of edges, and a sample that covers every pair of values of all properties of a
/// case that goes together (suite_sample.hpp).
std::vector<Case> suite_cases(Suite suite);

}  // namespace kvroof::validate
