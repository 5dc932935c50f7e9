// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/case.hpp"

#include <algorithm>
#include <limits>

#include "kernels/error.hpp"
#include "kernels/prune/problem.hpp"

namespace kvroof::validate {

int Case::kv_length(int sequence) const {
  return kv_lengths.size() == 1 ? kv_lengths.front()
                                : kv_lengths.at(static_cast<std::size_t>(sequence));
}

int Case::max_kv_len() const { return *std::max_element(kv_lengths.begin(), kv_lengths.end()); }
int Case::min_kv_len() const { return *std::min_element(kv_lengths.begin(), kv_lengths.end()); }

prune::KeptCount kept_count(prune::Rule rule, int head_dim, int kept) {
  const int of = prune::competing({.head_dim = head_dim, .rule = rule});
  return {static_cast<int>(std::int64_t{kept} * of / head_dim), of};
}

void set_sparsity(Case& one, Operand side, double sparsity) {
  const auto [kept, of] = prune::kept_count(one.rule(side), one.head_dim, sparsity);
  const bool keys = side == Operand::kKeys;
  (keys ? one.kept_keys : one.kept_values) = one.head_dim * kept / of;
  const double of_values = one.requested_value_sparsity.value_or(one.requested_sparsity);
  if (keys) one.requested_sparsity = sparsity;
  one.requested_value_sparsity = keys ? of_values : sparsity;
  if (one.requested_value_sparsity == one.requested_sparsity) one.requested_value_sparsity.reset();
}

namespace {

void check_side(const Case& one, Operand side) {
  const char* name = side == Operand::kKeys ? "keys" : "values";
  const prune::Rule rule = one.rule(side);
  require(prune::applies_to(rule, side), "{} is no rule for {}", to_string(rule), name);
  const int kept = one.kept(side);
  require(kept >= 1 && kept <= one.head_dim, "kept must be 1 to head_dim ({}), got {}",
          one.head_dim, kept);
  require(rule != prune::Rule::kNone || kept == one.head_dim,
          "without a rule all {} channels of the {} are kept, got {}", one.head_dim, name, kept);
  require(rule != prune::Rule::kPublished || kept > 1,
          "published keeps at least 2 of a row, got {} for the {}", kept, name);
  const auto [places, of] = kept_count(rule, one.head_dim, kept);
  require(!prune::is_n_of_m(rule) || kept * 2 == one.head_dim,
          "{} keeps a half, {} of {} channels, got {} for the {}", to_string(rule),
          one.head_dim / 2, one.head_dim, kept, name);
  require(std::int64_t{places} * one.head_dim == std::int64_t{kept} * of,
          "{} keeps some of every {} entries that compete: kept {} of the {}, a multiple of {} is "
          "needed",
          to_string(rule), of, kept, name, std::max(1, one.head_dim / of));
}

}  // namespace

void check(const Case& one) {
  require(one.batch > 0, "batch must be positive, got {}", one.batch);
  require(one.kv_heads > 0 && one.query_heads > 0 && one.query_heads % one.kv_heads == 0,
          "query heads ({}) must be a positive multiple of kv heads ({})", one.query_heads,
          one.kv_heads);
  require(one.head_dim > 0, "head_dim must be positive, got {}", one.head_dim);
  require(
      one.kv_lengths.size() == 1 || one.kv_lengths.size() == static_cast<std::size_t>(one.batch),
      "kv_len needs one number, or one per sequence ({}), got {}", one.batch,
      one.kv_lengths.size());
  for (const int length : one.kv_lengths)
    require(length >= 0, "kv_len must not be negative, got {}", length);
  require(one.max_kv_len() > 0, "kv_len is 0: there is no token to attend to");
  constexpr int most_window = std::numeric_limits<int>::max() - 63;  // a chunk may wait beside it
  require(one.window >= 0 && one.window <= most_window, "window must be 0 to {}, got {}",
          most_window, one.window);
  constexpr int most_blocks = 65535;  // far above what any GPU runs at once
  require(one.blocks >= 0 && one.blocks <= most_blocks, "blocks must be 0 to {}, got {}",
          most_blocks, one.blocks);
  require(one.sinks >= 0, "sinks must not be negative, got {}", one.sinks);
  require(one.appended.value_or(0) >= 0, "appended tokens must not be negative, got {}",
          one.appended.value_or(0));
  require(one.appended.value_or(0) <= one.min_kv_len(),
          "{} tokens of every sequence are appended, the shortest has {}", one.appended.value_or(0),
          one.min_kv_len());
  for (const Operand side : {Operand::kKeys, Operand::kValues}) check_side(one, side);
}

double host_bytes(const Case& one) {
  constexpr double per_cache_element = 12;  // f32 and 16-bit on the host, 16-bit on the device, of
  constexpr double per_element = 8;         // K and of V each; the reference's copies aside
  const double heads = static_cast<double>(one.batch) * one.kv_heads;
  const double queries = static_cast<double>(one.batch) * one.query_heads;
  const double tokens = 2.0 * heads * one.max_kv_len() * per_cache_element;
  return one.head_dim * (tokens + (2.0 * heads * one.window + queries) * per_element);
}

std::string describe(const Case& one) {
  std::string lengths = fmt::format("{}", fmt::join(one.kv_lengths, ","));
  if (one.kv_lengths.size() > 4) lengths = fmt::format("0..{}", one.max_kv_len());
  std::string text = one.method == Case{}.method ? "" : one.method + ", ";
  text += fmt::format("{} x {}/{} heads x {} tokens x {}, window {}, ", one.batch, one.query_heads,
                      one.kv_heads, lengths, one.head_dim, one.window);
  if (one.sinks > 0) text += fmt::format("{} sinks, ", one.sinks);
  if (one.appended) text += fmt::format("{} appended, ", *one.appended);
  const Case preset;
  if (one.key_rule != preset.key_rule || one.value_rule != preset.value_rule)
    text += fmt::format("{}/{}, ", to_string(one.key_rule), to_string(one.value_rule));
  return text +
         fmt::format("kept {}/{}, {}", one.kept_keys, one.kept_values, to_string(one.value_type));
}

}  // namespace kvroof::validate
