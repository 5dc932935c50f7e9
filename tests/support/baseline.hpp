// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "kernels/attention/problem.hpp"
#include "kernels/device.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "profiler/inputs/dtype.hpp"
#include "profiler/validate/validate.hpp"
#include "reference/attention.hpp"
#include "reference/compare.hpp"
#include "reference/error_bound.hpp"
#include "reference/prune.hpp"

// Baselines that prune by another rule and store in another format than ours: one decode step over
// a cache that the host prunes and encodes, and the reference's answer on the same masks.
namespace kvroof::test {

/// Which elements of the compressed prefix [tokens, head_dim] of one head survive.
using Rule = std::function<reference::Mask(Operand, const reference::Matrix&)>;

/// One decode step whose cache the host has pruned.
class PrunedCase {
 public:
  PrunedCase(validate::Case one, inputs::KvTensors tensors, const Rule& rule)
      : one_(std::move(one)), tensors_(std::move(tensors)) {
    for (int sequence = 0; sequence < one_.batch; ++sequence) {
      for (int head = 0; head < one_.kv_heads; ++head) {
        heads_.push_back({operand(Operand::kKeys, sequence, head, rule),
                          operand(Operand::kValues, sequence, head, rule)});
      }
    }
  }

  const validate::Case& one() const { return one_; }
  int compressed(int sequence) const {
    return attention::compressed_tokens(one_.kv_length(sequence), one_.window);
  }
  int chunk_capacity() const {
    return attention::compressed_tokens(one_.max_kv_len(), one_.window) / lane_chunk::kTokens;
  }
  int window_capacity() const { return one_.window + lane_chunk::kTokens - 1; }
  std::vector<std::uint16_t> query_bits() const { return to_bits(tensors_.queries); }

  /// 16-bit rows [64, head_dim] and mask of a chunk.
  struct Chunk {
    std::vector<std::uint16_t> rows;
    std::vector<std::uint8_t> mask;
  };
  Chunk chunk(Operand operand, int sequence, int head, int index) const {
    const auto& of_head = heads_[static_cast<std::size_t>(sequence * one_.kv_heads + head)];
    const Rows& from = operand == Operand::kKeys ? of_head.keys : of_head.values;
    Chunk chunk;
    for (int token = index * 64; token < index * 64 + 64; ++token) {
      for (int channel = 0; channel < one_.head_dim; ++channel) {
        chunk.rows.push_back(bits(static_cast<float>(from.rows(token, channel))));
        chunk.mask.push_back(from.mask(token, channel));
      }
    }
    return chunk;
  }

  /// The dense window as a ring of window_capacity() rows per head.
  void fill_ring(Operand operand, Device& device, DeviceBuffer<std::uint16_t>& ring) const {
    const auto head_dim = static_cast<std::size_t>(one_.head_dim);
    for (int sequence = 0; sequence < one_.batch; ++sequence) {
      for (int head = 0; head < one_.kv_heads; ++head) {
        const auto row = static_cast<std::size_t>(sequence * one_.kv_heads + head);
        const Rows& from = operand == Operand::kKeys ? heads_[row].keys : heads_[row].values;
        for (int token = compressed(sequence); token < one_.kv_length(sequence); ++token) {
          std::vector<std::uint16_t> copied;
          for (int channel = 0; channel < one_.head_dim; ++channel)
            copied.push_back(bits(static_cast<float>(from.rows(token, channel))));
          const auto at = row * static_cast<std::size_t>(window_capacity()) +
                          static_cast<std::size_t>(token % window_capacity());
          device.copy_to_device(ring.data() + at * head_dim, copied.data(), head_dim * 2);
        }
      }
    }
  }

  /// Whether outputs [batch, query_heads, head_dim] and log-sum-exps [batch, query_heads] are as
  /// near to the reference as the kernel's arithmetic allows. `scores` rounded to the value type:
  /// what a pipeline that stores its scores does.
  ::testing::AssertionResult agrees(std::span<const std::uint16_t> outputs,
                                    std::span<const float> log_sum_exps) const {
    std::vector<double> expected, bounds, expected_lse, lse_bounds;
    for (int sequence = 0; sequence < one_.batch; ++sequence) {
      for (int head = 0; head < one_.kv_heads; ++head) {
        const auto& of_head = heads_[static_cast<std::size_t>(sequence * one_.kv_heads + head)];
        const reference::Matrix queries = group_queries(sequence, head);
        const reference::AttentionProblem problem{of_head.keys.rows, of_head.values.rows,
                                                  of_head.keys.mask, of_head.values.mask,
                                                  queries,           static_cast<double>(scale())};
        const auto result = reference::attention(problem);
        const auto bound = reference::attention_error_bound(
            problem, result,
            reference::serial_arithmetic(precision(), precision(), one_.head_dim,
                                         one_.kv_length(sequence)));
        append(expected, result.outputs);
        append(bounds, bound.outputs);
        append(expected_lse, result.lse);
        append(lse_bounds, bound.lse);
      }
    }
    std::vector<float> got;
    for (const std::uint16_t out : outputs) got.push_back(inputs::from_bits(tensors_.dtype, out));
    const std::int64_t shape[] = {one_.batch, one_.query_heads, one_.head_dim};
    const auto comparison = reference::compare(got, expected, {.per_element = bounds}, shape);
    const auto lse = reference::compare(log_sum_exps, expected_lse, {.per_element = lse_bounds},
                                        std::span(shape).first(2));
    if (comparison.passed && lse.passed) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << describe(one_) << ": " << comparison.sentence << "; log-sum-exp: " << lse.sentence;
  }

  float scale() const { return static_cast<float>(1.0 / std::sqrt(one_.head_dim)); }

 private:
  struct Rows {
    reference::Matrix rows;  // [kv_len, head_dim]
    reference::Mask mask;
  };
  struct Head {
    Rows keys, values;
  };

  std::uint16_t bits(float value) const { return inputs::to_bits(tensors_.dtype, value); }
  std::vector<std::uint16_t> to_bits(const std::vector<float>& values) const {
    std::vector<std::uint16_t> result;
    for (const float value : values) result.push_back(bits(value));
    return result;
  }
  reference::Precision precision() const {
    return one_.value_type == ValueType::kF16 ? reference::Precision::kF16
                                              : reference::Precision::kBF16;
  }
  Rows operand(Operand operand, int sequence, int head, const Rule& rule) {
    const int length = one_.kv_length(sequence);
    auto& tensor = operand == Operand::kKeys ? tensors_.keys : tensors_.values;
    Rows rows{reference::Matrix(length, one_.head_dim),
              reference::Mask::Constant(length, one_.head_dim, true)};
    const std::int64_t first = (sequence * one_.kv_heads + head) * tensors_.kv_len;
    for (int token = 0; token < length; ++token) {
      for (int channel = 0; channel < one_.head_dim; ++channel) {
        rows.rows(token, channel) =
            tensor[static_cast<std::size_t>((first + token) * one_.head_dim + channel)];
      }
    }
    const int prefix = compressed(sequence);
    if (prefix > 0) {
      const reference::Matrix pruned = rows.rows.topRows(prefix);
      rows.mask.topRows(prefix) = rule(operand, pruned);
    }
    return rows;
  }
  reference::Matrix group_queries(int sequence, int head) const {
    const int group = one_.query_heads / one_.kv_heads;
    reference::Matrix queries(group, one_.head_dim);
    const std::int64_t first =
        std::int64_t{sequence * one_.query_heads + head * group} * one_.head_dim;
    for (std::int64_t i = 0; i < queries.size(); ++i)
      queries.data()[i] = tensors_.queries[static_cast<std::size_t>(first + i)];
    return queries;
  }
  template <class Numbers>
  static void append(std::vector<double>& target, const Numbers& numbers) {
    target.insert(target.end(), numbers.data(), numbers.data() + numbers.size());
  }

  validate::Case one_;
  inputs::KvTensors tensors_;
  std::vector<Head> heads_;  // [batch, kv_heads]
};

}  // namespace kvroof::test
