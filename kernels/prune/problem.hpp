// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/prune/rule.hpp"
#include "kernels/value_types.hpp"

namespace kvroof::prune {

/// Decides which entries of keys or values survive: writes a bitmap per row, the mask of the rule
/// in reference/prune.hpp on the prunable tokens, ties and NaN included, and ones for all other
/// tokens.
///
/// Output-aware rules and ThinK rank by binary64 scores, which are the reference's bit for bit: its
/// sums over tokens and queries are taken one after another, here too.
struct PruneProblem {
  int batch = 0;
  int kv_heads = 0;
  int head_dim = 0;  // 64, 128 or 256
  ValueType value_type = ValueType::kF16;
  Operand operand = Operand::kKeys;
  Rule rule = Rule::kPerTokenMagnitude;
  int kept = 0;  // kept_count().kept, or any other count of the entries that compete

  const void* rows = nullptr;  // [batch, kv_heads, row_capacity, head_dim] of value_type, device
  int row_capacity = 0;
  const std::int32_t* kv_lengths = nullptr;  // [batch], device; 0 .. max_kv_len
  int max_kv_len = 0;                        // host-side bound of kv_lengths; sizes the grid
  int sinks = 0;                             // first tokens that stay dense
  int window = 0;                            // most recent tokens that stay dense

  // Only kPerTokenOutputAware, and kThink for keys: the window of queries to look at.
  const void* queries =
      nullptr;          // [batch, query_heads, num_queries, head_dim] of value_type, device
  int query_heads = 0;  // a multiple of kv_heads
  int num_queries = 0;
  void* workspace = nullptr;  // workspace_bytes(problem), device, 8-byte aligned

  // Only kPerChannelOutputAware.
  const float* weights = nullptr;  // [batch, kv_heads, row_capacity], device: the attention weights
                                   // that a window of queries gave to each token, summed, as a
                                   // WeightsProblem makes them

  std::uint64_t* masks = nullptr;  // [batch, kv_heads, row_capacity, head_dim / 64], device:
                                   // channel c is bit c % 64 of word c / 64; rows from a sequence's
                                   // length on are left alone
};

/// Channels, or tokens, that compete for `kept` places.
int competing(const PruneProblem& problem);

/// Whether the rule looks at the queries.
bool needs_queries(const PruneProblem& problem);

/// Bytes of PruneProblem::workspace: 0 unless needs_queries().
std::int64_t workspace_bytes(const PruneProblem& problem);

/// Throws std::invalid_argument with a sentence unless the problem can be launched.
void validate(const PruneProblem& problem);

/// Throws std::invalid_argument: there is no kernel for the head_dim and value type of `problem`.
[[noreturn]] void reject_instance(const PruneProblem& problem);

}  // namespace kvroof::prune
