// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "kernels/attention/launch.hpp"
#include "kernels/format/variable_rows.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/compare_attention.hpp"
#include "profiler/validate/compare_pack.hpp"
#include "profiler/validate/pruned_cache.hpp"
#include "profiler/validate/validate.hpp"
#include "reference/attention.hpp"
#include "reference/compare.hpp"
#include "reference/error_bound.hpp"

// The decode kernel over chunks that the host encodes from any masks, against the reference.
namespace kvroof::test {

/// What survives of the compressed tokens of one (sequence, kv head): [tokens, head_dim] to a mask
/// of the same shape. Called once per operand and head, in a fixed order.
using ChooseSurvivors = std::function<reference::Mask(Operand, const reference::Matrix&)>;

struct PrunedDecode {
  validate::Case one;  // kept_keys, kept_values: the count of every row, or what sizes the buffers
  ChooseSurvivors choose;
  bool variable_keys = true;  // else every row keeps one.kept_keys, at a constant stride
  bool variable_values = true;
  std::function<void(attention::DecodeProblem&)> before_launch = [](auto&) {};
};

/// One operand on the device, and what survives of every head row.
class PrunedOperand {
 public:
  PrunedOperand(const PrunedDecode& decode, Operand operand, const inputs::KvTensors& tensors,
                Device& device) {
    const validate::Case& one = decode.one;
    const bool keys = operand == Operand::kKeys;
    const bool variable = keys ? decode.variable_keys : decode.variable_values;
    kept_ = keys ? one.kept_keys : one.kept_values;
    const int capacity = validate::compressed_capacity(one) / lane_chunk::kTokens;
    variable_rows::EncodedRows encoded;
    for (int head = 0; head < one.batch * one.kv_heads; ++head) {
      const auto rows = validate::head_matrix(one, keys ? tensors.keys : tensors.values,
                                              head / one.kv_heads, head % one.kv_heads);
      const int tokens = validate::compressed_tokens(one, static_cast<int>(rows.rows()));
      masks_.push_back(reference::Mask::Constant(rows.rows(), rows.cols(), true));
      if (tokens > 0) {
        const reference::Matrix compressed = rows.topRows(tokens);
        masks_.back().topRows(tokens) = decode.choose(operand, compressed);
      }
      const validate::ChosenRows chosen = validate::chosen_rows(
          one, tensors, operand, head / one.kv_heads, head % one.kv_heads, masks_.back());
      if (variable) {
        variable_rows::append(encoded, operand, one.head_dim, capacity, chosen.bits, chosen.mask);
      } else {
        append_constant(encoded.chunks, capacity, chosen);
      }
    }
    chunks_ = validate::upload(device, encoded.chunks, keys ? "key chunks" : "value chunks");
    if (variable)
      offsets_ = validate::upload(device, encoded.offsets, keys ? "key offsets" : "value offsets");
    window_ = validate::upload_ring(
        one, validate::stored_bits(tensors.dtype, keys ? tensors.keys : tensors.values),
        keys ? "window keys" : "window values", device);
  }

  attention::CompressedOperand operand() const {
    return {chunks_.data(), kept_, offsets_.size() > 0 ? offsets_.data() : nullptr};
  }
  const void* window() const { return window_.data(); }
  const reference::Mask& mask(std::size_t head) const { return masks_.at(head); }

 private:
  void append_constant(std::vector<std::byte>& chunks, int capacity,
                       const validate::ChosenRows& chosen) const {
    const auto bytes = static_cast<std::size_t>(lane_chunk::chunk_bytes(chosen.head_dim, kept_));
    const auto elements = static_cast<std::size_t>(lane_chunk::kTokens * chosen.head_dim);
    const std::size_t first = chunks.size();
    chunks.resize(first + static_cast<std::size_t>(capacity) * bytes);
    for (std::size_t chunk = 0; chunk * elements < chosen.bits.size(); ++chunk) {
      lane_chunk::encode(chosen.operand, chosen.head_dim, kept_,
                         std::span(chosen.bits).subspan(chunk * elements, elements),
                         std::span(chosen.mask).subspan(chunk * elements, elements),
                         std::span(chunks).subspan(first + chunk * bytes, bytes));
    }
  }

  int kept_ = 0;
  DeviceBuffer<std::byte> chunks_;
  DeviceBuffer<std::uint32_t> offsets_;
  DeviceBuffer<std::uint16_t> window_;
  std::vector<reference::Mask> masks_;  // of each head row, [kv_len, head_dim]
};

/// The decode's masks and what its kernel left.
struct PrunedDecodeResult {
  std::vector<validate::HeadMasks> masks;  // of each (sequence, kv head)
  validate::DeviceResult device;
};

inline PrunedDecodeResult run(const PrunedDecode& decode, const inputs::KvTensors& tensors,
                              Device& device) {
  const validate::Case& one = decode.one;
  const validate::AttentionBuffers buffers(one, tensors, device);
  const PrunedOperand keys(decode, Operand::kKeys, tensors, device);
  const PrunedOperand values(decode, Operand::kValues, tensors, device);
  attention::DecodeProblem problem = validate::chunk_problem(one);
  problem.queries = buffers.queries.data();
  problem.kv_lengths = buffers.kv_lengths.data();
  problem.keys = keys.operand();
  problem.values = values.operand();
  problem.window_keys = keys.window();
  problem.window_values = values.window();
  problem.outputs = buffers.outputs.data();
  problem.log_sum_exps = buffers.log_sum_exps.data();
  const attention::DecodePlan plan = attention::make_plan(problem, device.info(), one.blocks);
  const auto workspace =
      validate::make_workspace(device, attention::workspace_bytes(problem, plan));
  problem.workspace = workspace.data();
  decode.before_launch(problem);
  attention::launch(problem, plan, device);
  device.synchronize();

  PrunedDecodeResult result;
  buffers.download(result.device);
  for (std::size_t head = 0; head < static_cast<std::size_t>(one.batch * one.kv_heads); ++head)
    result.masks.push_back({keys.mask(head), values.mask(head)});
  return result;
}

/// Compares every output and log-sum-exp with the reference within its bound.
inline ::testing::AssertionResult is_right(const PrunedDecode& decode,
                                           const inputs::KvTensors& tensors,
                                           const PrunedDecodeResult& result) {
  const validate::Case& one = decode.one;
  const auto precision =
      one.value_type == ValueType::kF16 ? reference::Precision::kF16 : reference::Precision::kBF16;
  const auto group = static_cast<std::size_t>(one.query_heads / one.kv_heads);
  const auto head_dim = static_cast<std::size_t>(one.head_dim);
  for (std::size_t head = 0; head < result.masks.size(); ++head) {
    const validate::HeadTensors rows = validate::head_tensors(
        one, tensors, static_cast<int>(head) / one.kv_heads, static_cast<int>(head) % one.kv_heads);
    const double scale = static_cast<float>(1.0 / std::sqrt(one.head_dim));
    const reference::AttentionProblem problem{
        rows.keys,    rows.values, result.masks[head].keys, result.masks[head].values,
        rows.queries, scale};
    const reference::AttentionResult expected = reference::attention(problem);
    const reference::AttentionErrorBound bound = reference::attention_error_bound(
        problem, expected,
        reference::serial_arithmetic(precision, precision, one.head_dim, rows.keys.rows()));
    std::vector<float> outputs;
    for (std::size_t i = head * group * head_dim; i < (head + 1) * group * head_dim; ++i)
      outputs.push_back(inputs::from_bits(tensors.dtype, result.device.outputs[i]));
    const auto doubles = [](const auto& matrix) {
      return std::span<const double>(matrix.data(), static_cast<std::size_t>(matrix.size()));
    };
    const std::int64_t shape[] = {static_cast<std::int64_t>(group), one.head_dim};
    const auto output_comparison = reference::compare(
        outputs, doubles(expected.outputs), {.per_element = doubles(bound.outputs)}, shape);
    const auto lse_comparison = reference::compare(
        std::span(result.device.log_sum_exps).subspan(head * group, group), doubles(expected.lse),
        {.per_element = doubles(bound.lse)}, std::span(shape).first(1));
    for (const auto& comparison : {output_comparison, lse_comparison}) {
      if (!comparison.passed)
        return ::testing::AssertionFailure()
               << describe(one) << ": head row " << head << ": " << comparison.sentence;
    }
  }
  return ::testing::AssertionSuccess();
}

inline ::testing::AssertionResult is_right(const PrunedDecode& decode, Device& device) {
  validate::Case one = decode.one;
  const inputs::KvTensors tensors = load_inputs(one);
  return is_right(decode, tensors, run(decode, tensors, device));
}

}  // namespace kvroof::test
