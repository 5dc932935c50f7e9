// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/rules.hpp"

#include <fmt/ranges.h>

#include <cmath>

#include "kernels/prune/launch.hpp"
#include "profiler/inputs/synthetic.hpp"
#include "profiler/validate/attention_method.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/compare_attention.hpp"
#include "profiler/validate/pruned_cache.hpp"

namespace kvroof::validate {
namespace {

using prune::PruneProblem;
using prune::Rule;

constexpr int kWordBits = 64;

bool is_scored(Rule rule, Operand side) {
  return rule == Rule::kPerChannelOutputAware ||
         prune::needs_queries({.operand = side, .rule = rule});
}

/// [group, kScoringQueries, head_dim] of one kv head. A query's seed decides it: those here follow
/// that of the query that attends.
std::vector<float> draw_queries(const Case& one, const inputs::KvTensors& inputs, int sequence,
                                int kv_head) {
  inputs::SyntheticConfig config{.dtype = inputs.dtype,
                                 .batch = one.batch,
                                 .query_heads = one.query_heads,
                                 .kv_heads = one.kv_heads,
                                 .head_dim = one.head_dim,
                                 .seed = one.seed};
  const int group = one.query_heads / one.kv_heads;
  std::vector<float> queries(static_cast<std::size_t>(group * kScoringQueries * one.head_dim));
  std::span<float> rest = queries;
  for (int head = 0; head < group; ++head) {
    for (int i = 0; i < kScoringQueries; ++i) {
      config.seed = one.seed + 1 + static_cast<std::uint64_t>(i);
      const auto row = rest.first(static_cast<std::size_t>(one.head_dim));
      inputs::generate_query(config, sequence, kv_head * group + head, row);
      rest = rest.subspan(row.size());
    }
  }
  return queries;
}

/// The window of queries of all heads, [batch, query_heads, kScoringQueries, head_dim].
std::vector<float> all_queries(const Case& one, const inputs::KvTensors& inputs) {
  std::vector<float> all;
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    for (int kv_head = 0; kv_head < one.kv_heads; ++kv_head) {
      const std::vector<float> head = draw_queries(one, inputs, sequence, kv_head);
      all.insert(all.end(), head.begin(), head.end());
    }
  }
  return all;
}

/// What sums attention weights, with addresses that are only looked at.
prune::WeightsProblem weights_problem(const Case& one) {
  return {.batch = one.batch,
          .query_heads = one.query_heads,
          .kv_heads = one.kv_heads,
          .head_dim = one.head_dim,
          .value_type = one.value_type,
          .softmax_scale = 1.0 / std::sqrt(one.head_dim),
          .queries = stand_in<void>(),
          .num_queries = kScoringQueries,
          .keys = stand_in<void>(),
          .row_capacity = one.max_kv_len(),
          .kv_lengths = stand_in<std::int32_t>(),
          .max_kv_len = one.max_kv_len(),
          .workspace = stand_in<void>(),
          .weights = stand_in<float>()};
}

/// What output-aware values are ranked by, [batch, kv_heads, max_kv_len]: summed on the device.
DeviceBuffer<float> weights_on_device(const Case& one, const inputs::KvTensors& inputs,
                                      const std::uint16_t* queries, const std::int32_t* kv_lengths,
                                      Device& device) {
  const auto rows = static_cast<std::size_t>(one.batch * one.kv_heads) *
                    static_cast<std::size_t>(one.max_kv_len());
  auto weights = allocate<float>(device, rows, "attention weights");
  const auto keys = upload(device, stored_bits(inputs.dtype, inputs.keys), "dense keys");
  prune::WeightsProblem problem = weights_problem(one);
  const auto workspace = allocate<std::byte>(
      device, static_cast<std::size_t>(prune::workspace_bytes(problem)), "weights workspace");
  problem.queries = queries;
  problem.keys = keys.data();
  problem.kv_lengths = kv_lengths;
  problem.workspace = workspace.data();
  problem.weights = weights.data();
  prune::launch(problem, device);
  device.synchronize();
  return weights;
}

/// What chooses one side, with addresses that are only looked at.
PruneProblem prune_problem(const Case& one, Operand side) {
  return {.batch = one.batch,
          .kv_heads = one.kv_heads,
          .head_dim = one.head_dim,
          .value_type = one.value_type,
          .operand = side,
          .rule = one.rule(side),
          .kept = kept_count(one.rule(side), one.head_dim, one.kept(side)).kept,
          .rows = stand_in<void>(),
          .row_capacity = one.max_kv_len(),
          .kv_lengths = stand_in<std::int32_t>(),
          .max_kv_len = one.max_kv_len(),
          .sinks = one.sinks,
          .window = one.window,
          .queries = stand_in<void>(),
          .query_heads = one.query_heads,
          .num_queries = kScoringQueries,
          .workspace = stand_in<void>(),
          .weights = stand_in<float>(),
          .masks = stand_in<std::uint64_t>()};
}

std::size_t row_words(const Case& one) {
  return static_cast<std::size_t>(one.head_dim / kWordBits);
}
/// The first word of a head's bitmaps.
std::size_t head_offset(const Case& one, int sequence, int kv_head) {
  return static_cast<std::size_t>(sequence * one.kv_heads + kv_head) *
         static_cast<std::size_t>(one.max_kv_len()) * row_words(one);
}

}  // namespace

bool is_scored(const Case& one) {
  return is_scored(one.key_rule, Operand::kKeys) || is_scored(one.value_rule, Operand::kValues);
}

analysis::Scoring scoring_of(const Case& one, const inputs::KvTensors& inputs, int sequence,
                             int kv_head, const reference::Matrix& keys) {
  const std::vector<float> queries = draw_queries(one, inputs, sequence, kv_head);
  using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const FloatMatrix> rows(
      queries.data(), one.query_heads / one.kv_heads * kScoringQueries, one.head_dim);
  analysis::Scoring scoring = analysis::make_scoring(keys, rows.cast<double>());
  scoring.weights = scoring.weights.cast<float>().cast<double>();
  return scoring;
}

reference::Mask rule_mask(const Case& one, Operand side, const HeadTensors& head) {
  const prune::Rule rule = one.rule(side);
  return analysis::prune_head(rule, kept_count(rule, one.head_dim, one.kept(side)), side,
                              side == Operand::kKeys ? head.keys : head.values, head.scoring,
                              {one.sinks, one.window});
}

reference::Mask chunk_mask(const Case& one, Operand side, const HeadTensors& head) {
  reference::Mask mask = rule_mask(one, side, head);
  const Eigen::Index dense = mask.rows() - compressed_tokens(one, static_cast<int>(mask.rows()));
  mask.bottomRows(dense).setConstant(true);
  return mask;
}

HeadMasks chunk_masks(const Case& one, const HeadTensors& head) {
  return {chunk_mask(one, Operand::kKeys, head), chunk_mask(one, Operand::kValues, head)};
}

void require_prunable(const Case& one, Operand side) {
  prune::validate(prune_problem(one, side));
  if (one.rule(side) == Rule::kPerChannelOutputAware) prune::validate(weights_problem(one));
}

DeviceBuffer<std::uint64_t> prune_on_device(const Case& one, Operand side,
                                            const inputs::KvTensors& inputs,
                                            const std::uint16_t* rows,
                                            const std::int32_t* kv_lengths, Device& device) {
  const auto heads = static_cast<std::size_t>(one.batch * one.kv_heads);
  auto masks = allocate<std::uint64_t>(
      device, heads * static_cast<std::size_t>(one.max_kv_len()) * row_words(one), "masks");
  PruneProblem problem = prune_problem(one, side);
  DeviceBuffer<std::uint16_t> queries;
  DeviceBuffer<float> weights;
  if (is_scored(one.rule(side), side))
    queries =
        upload(device, stored_bits(inputs.dtype, all_queries(one, inputs)), "scoring queries");
  if (one.rule(side) == Rule::kPerChannelOutputAware)
    weights = weights_on_device(one, inputs, queries.data(), kv_lengths, device);
  const auto workspace = allocate<std::byte>(
      device, static_cast<std::size_t>(prune::workspace_bytes(problem)), "prune workspace");
  problem.rows = rows;
  problem.kv_lengths = kv_lengths;
  problem.queries = queries.data();
  problem.weights = weights.data();
  problem.workspace = workspace.data();
  problem.masks = masks.data();
  prune::launch(problem, device);
  device.synchronize();
  return masks;
}

std::vector<std::uint64_t> prune_on_device(const Case& one, Operand side,
                                           const inputs::KvTensors& inputs, Device& device) {
  const auto rows = upload(
      device, stored_bits(inputs.dtype, side == Operand::kKeys ? inputs.keys : inputs.values),
      side == Operand::kKeys ? "dense keys" : "dense values");
  const auto kv_lengths = upload(device, all_lengths(one), "kv_lengths");
  const auto masks = prune_on_device(one, side, inputs, rows.data(), kv_lengths.data(), device);
  std::vector<std::uint64_t> bitmaps(masks.size());
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    for (int kv_head = 0; kv_head < one.kv_heads; ++kv_head) {
      const std::size_t first = head_offset(one, sequence, kv_head);
      const std::size_t count = static_cast<std::size_t>(one.kv_length(sequence)) * row_words(one);
      device.copy_to_host(bitmaps.data() + first, masks.data() + first,
                          count * sizeof(std::uint64_t));
    }
  }
  return bitmaps;
}

reference::Mask to_mask(const Case& one, const std::vector<std::uint64_t>& bitmaps, int sequence,
                        int kv_head) {
  reference::Mask mask(one.kv_length(sequence), one.head_dim);
  const std::uint64_t* words = bitmaps.data() + head_offset(one, sequence, kv_head);
  for (Eigen::Index i = 0; i < mask.size(); ++i)
    mask.data()[i] = (words[i / kWordBits] >> i % kWordBits & 1u) != 0;
  return mask;
}

KernelResult compare_masks(const Case& one, Operand side, const inputs::KvTensors& inputs,
                           const std::vector<std::uint64_t>& bitmaps) {
  KernelResult result;
  result.kernel = side == Operand::kKeys ? "prune_keys" : "prune_values";
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    for (int kv_head = 0; kv_head < one.kv_heads; ++kv_head) {
      const reference::Mask wanted =
          rule_mask(one, side, head_tensors(one, inputs, sequence, kv_head));
      const reference::Mask got = to_mask(one, bitmaps, sequence, kv_head);
      result.num_elements += wanted.size();
      for (Eigen::Index i = 0; i < wanted.size(); ++i) {
        if (got.data()[i] == wanted.data()[i]) continue;
        if (result.num_failures++ == 0)
          result.worst_index = {sequence, kv_head, i / one.head_dim, i % one.head_dim};
      }
    }
  }
  if (result.num_failures > 0) {
    result.status = Status::kFailed;
    result.reason = fmt::format(
        "{}: {} of {} entries are not the reference's choice; the first at sequence, kv head, "
        "token, channel [{}]",
        to_string(one.rule(side)), result.num_failures, result.num_elements,
        fmt::join(result.worst_index, ", "));
  }
  return result;
}

}  // namespace kvroof::validate
