// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "kernels/attention/launch.hpp"
#include "kernels/cache/kv_cache.hpp"
#include "profiler/inputs/synthetic.hpp"
#include "reference/compare.hpp"
#include "reference/error_bound.hpp"
#include "tests/support/convert.hpp"

// A cache that grows, a decode over it, and the reference beside.
namespace kvroof::test {

/// What a test grows.
struct Growth {
  std::vector<std::int32_t> prompt = {0};  // tokens per sequence
  int kv_heads = 1;
  int group = 2;
  int head_dim = 128;
  int steps = 0;
  int window = 32;
  int kept_keys = 64;
  int kept_values = 40;

  int batch() const { return static_cast<int>(prompt.size()); }
  int longest() const { return *std::max_element(prompt.begin(), prompt.end()); }
  int capacity() const { return longest() + steps; }
};

/// One kv head of one sequence as the reference sees it; masks grow as chunks leave the window.
class ReferenceRow {
 public:
  ReferenceRow(const Growth& growth, int sequence, int kv_head) : growth_(growth) {
    const inputs::SyntheticConfig config{.dtype = inputs::Dtype::kF16,
                                         .batch = growth.batch(),
                                         .query_heads = growth.kv_heads,
                                         .kv_heads = growth.kv_heads,
                                         .kv_len = growth.capacity(),
                                         .head_dim = growth.head_dim,
                                         .seed = 11};
    const auto draw = [&](auto&& generate) {
      std::vector<float> rows(static_cast<std::size_t>(growth.capacity() * growth.head_dim));
      generate(config, inputs::RowRange{sequence, kv_head, 0}, std::span(rows));
      std::vector<std::uint16_t> bits;
      for (const float x : rows) bits.push_back(inputs::to_bits(inputs::Dtype::kF16, x));
      return bits;
    };
    key_bits = draw(inputs::generate_keys);
    value_bits = draw(inputs::generate_values);
    keys_ = to_matrix(ValueType::kF16, key_bits, growth.head_dim);
    values_ = to_matrix(ValueType::kF16, value_bits, growth.head_dim);
    key_mask_ = value_mask_ = reference::Mask::Constant(growth.capacity(), growth.head_dim, true);
  }

  void grow_to(int length) {
    length_ = length;
    for (const int end = lane_chunk::compressed_tokens(length, growth_.window); packed_ < end;
         packed_ += lane_chunk::kTokens) {
      const auto prune = [&](reference::Mask& mask, const reference::Matrix& rows, int kept) {
        mask.middleRows(packed_, lane_chunk::kTokens) = reference::prune_per_token_magnitude(
            rows.middleRows(packed_, lane_chunk::kTokens), kept);
      };
      prune(key_mask_, keys_, growth_.kept_keys);
      prune(value_mask_, values_, growth_.kept_values);
    }
  }

  /// Refers to this row and to `queries`.
  reference::AttentionProblem problem(const reference::Matrix& queries, double scale) const {
    return {keys_.topRows(length_),
            values_.topRows(length_),
            key_mask_.topRows(length_),
            value_mask_.topRows(length_),
            queries,
            scale};
  }
  int length() const { return length_; }
  int num_chunks() const { return packed_ / lane_chunk::kTokens; }

  std::vector<std::uint16_t> key_bits, value_bits;  // [capacity, head_dim]

 private:
  Growth growth_;
  reference::Matrix keys_, values_;
  reference::Mask key_mask_, value_mask_;
  int length_ = 0;
  int packed_ = 0;
};

/// A cache, a decode problem over it, and the reference beside.
class CacheRun {
 public:
  CacheRun(Device& device, const Growth& growth)
      : device_(device),
        growth_(growth),
        kv(device, {.batch = growth.batch(),
                    .kv_heads = growth.kv_heads,
                    .head_dim = growth_.head_dim,
                    .value_type = ValueType::kF16,
                    .max_kv_len = growth.capacity(),
                    .window = growth.window,
                    .kept_keys = growth.kept_keys,
                    .kept_values = growth.kept_values}),
        step_keys_(device, heads() * width(), "step_keys"),
        step_values_(device, heads() * width(), "step_values"),
        queries_(device, heads() * group() * width(), "queries"),
        outputs_(device, heads() * group() * width(), "outputs"),
        lse_(device, heads() * group(), "lse") {
    for (int sequence = 0; sequence < growth.batch(); ++sequence)
      for (int head = 0; head < growth.kv_heads; ++head) rows_.emplace_back(growth, sequence, head);
    make_decode();
  }

  void prefill() {
    const auto prompt_rows = static_cast<std::size_t>(growth_.longest() + 3);  // and some to spare
    std::vector<std::uint16_t> keys(heads() * prompt_rows * width());
    std::vector<std::uint16_t> values(keys.size());
    for (std::size_t row = 0; row < heads(); ++row) {
      const std::size_t count = static_cast<std::size_t>(prompt_length(row)) * width();
      const auto at = static_cast<std::ptrdiff_t>(row * prompt_rows * width());
      std::copy_n(rows_[row].key_bits.begin(), count, keys.begin() + at);
      std::copy_n(rows_[row].value_bits.begin(), count, values.begin() + at);
      rows_[row].grow_to(prompt_length(row));
    }
    DeviceBuffer<std::uint16_t> device_keys(device_, keys.size(), "prompt_keys");
    DeviceBuffer<std::uint16_t> device_values(device_, values.size(), "prompt_values");
    DeviceBuffer<std::int32_t> lengths(device_, growth_.prompt.size(), "prompt_lengths");
    device_keys.upload(keys);
    device_values.upload(values);
    lengths.upload(growth_.prompt);
    kv.prefill({.keys = device_keys.data(),
                .values = device_values.data(),
                .row_capacity = static_cast<int>(prompt_rows),
                .lengths = lengths.data(),
                .max_length = growth_.longest()});
    device_.synchronize();
  }

  /// Puts the next token of every sequence where launch_step() reads it.
  void upload_token() {
    std::vector<std::uint16_t> keys, values;
    for (ReferenceRow& row : rows_) {
      const auto at = static_cast<std::ptrdiff_t>(row.length() * growth_.head_dim);
      keys.insert(keys.end(), row.key_bits.begin() + at,
                  row.key_bits.begin() + at + growth_.head_dim);
      values.insert(values.end(), row.value_bits.begin() + at,
                    row.value_bits.begin() + at + growth_.head_dim);
      row.grow_to(row.length() + 1);
    }
    step_keys_.upload(keys);
    step_values_.upload(values);
  }

  void launch_step() {
    kv.append(step_keys_.data(), step_values_.data());
    launch_decode();
  }
  void launch_decode() { attention::launch(decode_, plan_, device_); }

  /// Outputs and log-sum-exps of the last decode against the reference.
  ::testing::AssertionResult agrees() {
    device_.synchronize();
    std::vector<std::uint16_t> outputs(outputs_.size());
    std::vector<float> lse(lse_.size());
    outputs_.download(outputs);
    lse_.download(lse);
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const reference::Matrix queries = query_matrix(row);
      const auto problem = rows_[row].problem(queries, decode_.softmax_scale);
      const auto want = reference::attention(problem);
      const auto bound = reference::attention_error_bound(
          problem, want,
          reference::serial_arithmetic(reference::Precision::kF16, reference::Precision::kF16,
                                       growth_.head_dim, rows_[row].length()));
      std::vector<float> got;
      for (std::size_t i = 0; i < group() * width(); ++i)
        got.push_back(to_float(Half{outputs[row * group() * width() + i]}));
      const std::int64_t shape[] = {growth_.group, growth_.head_dim};
      const auto same =
          reference::compare(got, {want.outputs.data(), got.size()},
                             {.per_element = {bound.outputs.data(), got.size()}}, shape);
      if (!same.passed)
        return ::testing::AssertionFailure() << "row " << row << ": " << same.sentence;
      const std::int64_t lse_shape[] = {growth_.group};
      const auto same_lse = reference::compare(
          std::span<const float>(lse).subspan(row * group(), group()), {want.lse.data(), group()},
          {.per_element = {bound.lse.data(), group()}}, lse_shape);
      if (!same_lse.passed)
        return ::testing::AssertionFailure() << "row " << row << ", lse: " << same_lse.sentence;
    }
    return ::testing::AssertionSuccess();
  }

  /// Of every sequence, as the device has them.
  std::vector<std::int32_t> kv_lengths() {
    std::vector<std::int32_t> lengths(growth_.prompt.size());
    device_.copy_to_host(lengths.data(), kv.view().kv_lengths,
                         lengths.size() * sizeof(std::int32_t));
    return lengths;
  }

  /// Every packed chunk against the host encoder, and every length.
  ::testing::AssertionResult holds_the_chunks_of_the_reference() {
    const std::vector<std::int32_t> lengths = kv_lengths();
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      if (lengths[row / static_cast<std::size_t>(growth_.kv_heads)] != rows_[row].length())
        return ::testing::AssertionFailure() << "row " << row << " has a wrong length";
      for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
        for (int chunk = 0; chunk < rows_[row].num_chunks(); ++chunk) {
          if (!holds_chunk(operand, row, chunk))
            return ::testing::AssertionFailure() << "row " << row << ", chunk " << chunk;
        }
      }
    }
    return ::testing::AssertionSuccess();
  }

 private:
  std::size_t heads() const { return static_cast<std::size_t>(growth_.batch() * growth_.kv_heads); }
  std::size_t width() const { return static_cast<std::size_t>(growth_.head_dim); }
  std::size_t group() const { return static_cast<std::size_t>(growth_.group); }
  int prompt_length(std::size_t row) const {
    return growth_.prompt[row / static_cast<std::size_t>(growth_.kv_heads)];
  }

  void make_decode() {
    for (std::size_t i = 0; i < queries_.size(); ++i) {
      const auto x = static_cast<float>(std::sin(static_cast<double>(i * i)) * 2);
      query_bits_.push_back(to_half(x).bits);
    }
    queries_.upload(query_bits_);
    const cache::CacheView view = kv.view();
    decode_ = {
        .batch = growth_.batch(),
        .query_heads = growth_.kv_heads * growth_.group,
        .kv_heads = growth_.kv_heads,
        .head_dim = growth_.head_dim,
        .value_type = ValueType::kF16,
        .softmax_scale = static_cast<float>(1 / std::sqrt(static_cast<double>(growth_.head_dim))),
        .queries = queries_.data(),
        .kv_lengths = view.kv_lengths,
        .max_kv_len = growth_.capacity(),
        .keys = {view.key_chunks, growth_.kept_keys},
        .values = {view.value_chunks, growth_.kept_values},
        .chunk_capacity = view.chunk_capacity,
        .window_keys = view.window_keys,
        .window_values = view.window_values,
        .window = growth_.window,
        .window_capacity = view.window_capacity,
        .outputs = outputs_.data(),
        .log_sum_exps = lse_.data()};
    plan_ = attention::make_plan(decode_, device_.info());  // once, for every length
    workspace_ = DeviceBuffer<std::byte>(
        device_, static_cast<std::size_t>(attention::workspace_bytes(decode_, plan_)), "workspace");
    workspace_.fill(std::byte{0});
    decode_.workspace = workspace_.data();
  }

  reference::Matrix query_matrix(std::size_t row) const {
    const std::size_t count = group() * width();
    return to_matrix(ValueType::kF16, std::span(query_bits_).subspan(row * count, count),
                     growth_.head_dim);
  }

  bool holds_chunk(Operand operand, std::size_t row, int chunk) {
    const bool keys = operand == Operand::kKeys;
    const int kept = keys ? growth_.kept_keys : growth_.kept_values;
    const auto& bits = keys ? rows_[row].key_bits : rows_[row].value_bits;
    const std::size_t elements = lane_chunk::kTokens * width();
    const auto want = reference_chunk(
        operand, ValueType::kF16, kept,
        std::span(bits).subspan(static_cast<std::size_t>(chunk) * elements, elements),
        growth_.head_dim);
    const cache::CacheView view = kv.view();
    std::vector<std::byte> got(want.size());
    const std::size_t index =
        row * static_cast<std::size_t>(view.chunk_capacity) + static_cast<std::size_t>(chunk);
    device_.copy_to_host(
        got.data(), (keys ? view.key_chunks : view.value_chunks) + index * want.size(), got.size());
    return got == want;
  }

  Device& device_;
  Growth growth_;

 public:
  cache::KvCache kv;

 private:
  DeviceBuffer<std::uint16_t> step_keys_, step_values_, queries_, outputs_;
  DeviceBuffer<float> lse_;
  DeviceBuffer<std::byte> workspace_;
  std::vector<std::uint16_t> query_bits_;
  std::vector<ReferenceRow> rows_;
  attention::DecodeProblem decode_;
  attention::DecodePlan plan_;
};

}  // namespace kvroof::test
