// SPDX-License-Identifier: Apache-2.0
#include "kernels/prune/rule.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "kernels/error.hpp"
#include "kernels/format/kept.hpp"

namespace kvroof::prune {
namespace {

enum class Side { kKeys, kValues, kBoth };

struct RuleInfo {
  Rule rule;
  std::string_view name;
  Side side;
  int group_channels;
  int group_tokens;
};

constexpr RuleInfo kRules[] = {
    {Rule::kNone, "none", Side::kBoth, 0, 0},
    {Rule::kPerTokenMagnitude, "per_token_magnitude", Side::kBoth, 0, 0},
    {Rule::kPublished, "published", Side::kBoth, 0, 0},
    {Rule::kPerTokenOutputAware, "per_token_output_aware", Side::kKeys, 0, 0},
    {Rule::kPerChannelMagnitude, "per_channel_magnitude", Side::kValues, 0, kGroupTokens},
    {Rule::kPerChannelOutputAware, "per_channel_output_aware", Side::kValues, 0, kGroupTokens},
    {Rule::kThink, "think", Side::kBoth, 0, 0},
    {Rule::kTwoOfFour, "2:4", Side::kBoth, 4, 0},
    {Rule::kFourOfEight, "4:8", Side::kBoth, 8, 0},
    {Rule::kEightOfSixteen, "8:16", Side::kBoth, 16, 0},
    {Rule::kTwoOfFourTokens, "2:4_tokens", Side::kValues, 0, 4},
};

const RuleInfo& info(Rule rule) { return kRules[static_cast<std::size_t>(rule)]; }

}  // namespace

std::string_view to_string(Rule rule) { return info(rule).name; }

Rule rule_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const RuleInfo& one : kRules) {
    if (one.name == name) return one.rule;
    names.push_back(one.name);
  }
  fail("no pruning rule \"{}\"; there are {}", name, fmt::join(names, ", "));
}

bool applies_to(Rule rule, Operand side) {
  const Side wanted = side == Operand::kKeys ? Side::kKeys : Side::kValues;
  return info(rule).side == Side::kBoth || info(rule).side == wanted;
}

std::vector<Rule> all_rules() {
  std::vector<Rule> rules;
  for (const RuleInfo& one : kRules) rules.push_back(one.rule);
  return rules;
}

std::vector<Rule> rules_of(Operand side) {
  std::vector<Rule> rules = all_rules();
  std::erase_if(rules, [&](Rule rule) { return !applies_to(rule, side); });
  return rules;
}

int group_channels(Rule rule) { return info(rule).group_channels; }
int group_tokens(Rule rule) { return info(rule).group_tokens; }
bool is_n_of_m(Rule rule) { return group_channels(rule) > 0 || rule == Rule::kTwoOfFourTokens; }

KeptCount kept_count(Rule rule, int head_dim, double sparsity) {
  const int row_kept = kept_from_sparsity(head_dim, sparsity);
  switch (rule) {
    case Rule::kNone: return {head_dim, head_dim};
    case Rule::kPerTokenMagnitude:
    case Rule::kPerTokenOutputAware:
    case Rule::kThink: return {row_kept, head_dim};
    case Rule::kPublished:
      return {head_dim - std::max(1, static_cast<int>(sparsity * head_dim)) + 1, head_dim};
    case Rule::kPerChannelMagnitude:
    case Rule::kPerChannelOutputAware: {
      const double share = static_cast<double>(row_kept) / head_dim;
      return {std::max(1, static_cast<int>(std::lround(share * kGroupTokens))), kGroupTokens};
    }
    case Rule::kTwoOfFour:
    case Rule::kFourOfEight:
    case Rule::kEightOfSixteen: return {group_channels(rule) / 2, group_channels(rule)};
    case Rule::kTwoOfFourTokens: return {group_tokens(rule) / 2, group_tokens(rule)};
  }
  fail("pruning rule {} does not exist", static_cast<int>(rule));
}

bool has_sparsity(Rule rule, double sparsity) {
  constexpr double half = 0.5;
  if (rule == Rule::kNone) return sparsity == 0;
  return !is_n_of_m(rule) || sparsity == half;
}

void require_sparsity(std::string_view what, Rule rule, double sparsity) {
  require(has_sparsity(rule, sparsity),
          "{}: {} prunes {}, got {}; give that, or choose another rule", what, to_string(rule),
          rule == Rule::kNone ? "nothing, sparsity 0" : "a half, sparsity 0.5", sparsity);
}

}  // namespace kvroof::prune
