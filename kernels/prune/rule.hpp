// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "kernels/format/lane_chunk.hpp"

namespace kvroof::prune {

/// The rules that papers on KV-cache pruning compare: what decides which entries survive. The
/// reference states each in full (reference/prune.hpp); docs/kernels/prune.md has their counts.
enum class Rule {
  kNone,                   // everything survives
  kPerTokenMagnitude,      // |x|, within a token's row
  kPublished,              // the same as Mustafar's code has it: one entry more, and all ties
  kPerTokenOutputAware,    // keys: |K| sum|Q|, within a row
  kPerChannelMagnitude,    // values: |V|, within a channel over kGroupTokens tokens
  kPerChannelOutputAware,  // values: |V| sum|alpha|, likewise
  kThink,                  // whole channels
  kTwoOfFour,              // N:M: |x|, within groups of M channels
  kFourOfEight,
  kEightOfSixteen,
  kTwoOfFourTokens,  // values: |V|, within a channel over 4 tokens, the contraction of sparse mma
};

inline constexpr int kGroupTokens = 32;  // that compete within a channel (Mustafar, section 2)

/// "none", "per_token_magnitude", "published", ..., "2:4": the names of the command line and of
/// every record.
std::string_view to_string(Rule rule);
/// Throws std::invalid_argument naming the rules there are.
Rule rule_named(std::string_view name);

std::vector<Rule> all_rules();
/// The rules that exist for a side of the cache, kNone first.
std::vector<Rule> rules_of(Operand side);
bool applies_to(Rule rule, Operand side);

/// Channels of a group of an N:M rule; 0 for the others.
int group_channels(Rule rule);
/// Tokens of a group of a rule within a channel; 0 for the others.
int group_tokens(Rule rule);
/// "2:4" and its like, along channels or tokens: they keep a half.
bool is_n_of_m(Rule rule);

/// `kept` of every `of` entries that compete: channels of a row, tokens of a group, or channels of
/// a group.
struct KeptCount {
  int kept = 0;
  int of = 0;
  double share() const { return static_cast<double>(kept) / of; }
  bool operator==(const KeptCount&) const = default;
};

/// What `sparsity` becomes. Rules within a row and ThinK keep kept_from_sparsity(head_dim,
/// sparsity) (format/kept.hpp), rules within a channel the same share of a group, so that rules are
/// compared at equal counts. kPublished keeps head_dim - max(1, trunc(sparsity head_dim)) + 1, ties
/// not counted; N:M keeps half, whatever is asked for; kNone everything. Throws
/// std::invalid_argument as kept_from_sparsity() does.
KeptCount kept_count(Rule rule, int head_dim, double sparsity);

/// Whether the rule prunes at the sparsity: N:M at a half only, kNone at 0.
bool has_sparsity(Rule rule, double sparsity);
/// Throws std::invalid_argument unless it does; `what` names the sparsity: "--sparsity".
void require_sparsity(std::string_view what, Rule rule, double sparsity);

/// Tokens that a rule may prune: they follow `sinks` and leave the dense window in groups of
/// lane_chunk::kTokens.
constexpr int prunable_tokens(int kv_len, int sinks, int window) {
  const long long beyond = static_cast<long long>(kv_len) - sinks - window;
  return beyond <= 0 ? 0 : static_cast<int>(beyond / lane_chunk::kTokens * lane_chunk::kTokens);
}

}  // namespace kvroof::prune
