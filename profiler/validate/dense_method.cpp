// SPDX-License-Identifier: Apache-2.0
// The unpruned cache, and ThinK's: keys and values that hold only some channels of their kv head.

#include <cmath>

#include "kernels/baselines/dense/launch.hpp"
#include "kernels/baselines/dense/tile.hpp"
#include "kernels/format/reduced_channels.hpp"
#include "kernels/prune/launch.hpp"
#include "profiler/validate/attention_method.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/pruned_cache.hpp"

namespace kvroof::validate {
namespace {

/// Whether a side holds only some channels of the tokens that have left the window.
bool reduces(const Case& one, Operand side) {
  return one.method == "think" && one.kept(side) < one.head_dim;
}
bool reduces(const Case& one) {
  return reduces(one, Operand::kKeys) || reduces(one, Operand::kValues);
}

/// Columns of a reduced row: whole 16-byte pieces.
int reduced_columns(const Case& one, Operand side) {
  static_assert(reduced_channels::kPieceChannels == dense::kPieceChannels, "whole copies");
  return reduces(one, side) ? reduced_channels::columns(one.kept(side)) : 0;
}
int reduced_tokens(const Case& one, int kv_len) {
  return reduces(one) ? compressed_tokens(one, kv_len) : 0;
}
/// Rows of full keys or values: all of them, or a ring of the window.
int full_capacity(const Case& one, Operand side) {
  return reduces(one, side) ? std::min(ring_capacity(one), one.max_kv_len()) : one.max_kv_len();
}

dense::ReducedRows stand_in_rows(const Case& one, Operand side) {
  if (!reduces(one, side)) return {};
  return {stand_in<void>(), stand_in<std::int32_t>(), reduced_columns(one, side)};
}

/// The problem as the kernel's own rules see it, with addresses that are only looked at.
dense::DenseProblem dense_problem(const Case& one) {
  return {.batch = one.batch,
          .query_heads = one.query_heads,
          .kv_heads = one.kv_heads,
          .head_dim = one.head_dim,
          .value_type = one.value_type,
          .softmax_scale = static_cast<float>(1.0 / std::sqrt(one.head_dim)),
          .queries = stand_in<void>(),
          .kv_lengths = stand_in<std::int32_t>(),
          .max_kv_len = one.max_kv_len(),
          .keys = stand_in<void>(),
          .values = stand_in<void>(),
          .key_capacity = full_capacity(one, Operand::kKeys),
          .value_capacity = full_capacity(one, Operand::kValues),
          .reduced_keys = stand_in_rows(one, Operand::kKeys),
          .reduced_values = stand_in_rows(one, Operand::kValues),
          .reduced_capacity = compressed_capacity(one),
          .window = one.window,
          .outputs = stand_in<void>(),
          .log_sum_exps = stand_in<float>(),
          .workspace = stand_in<void>()};
}

/// ThinK's choice for one (sequence, kv head), by the decode's own queries: all tokens that have
/// left the window keep the same channels.
reference::Mask think_mask(const Case& one, Operand side, const HeadTensors& head) {
  return analysis::prune_head(prune::Rule::kThink, {one.kept(side), one.head_dim}, side,
                              side == Operand::kKeys ? head.keys : head.values, {head.queries, {}},
                              {.sinks = 0, .window = one.window});
}

HeadMasks masks(const Case& one, const HeadTensors& head) {
  const auto of = [&](Operand side, const reference::Matrix& rows) -> reference::Mask {
    if (reduces(one, side)) return think_mask(one, side, head);
    return reference::Mask::Constant(rows.rows(), rows.cols(), true);
  };
  return {of(Operand::kKeys, head.keys), of(Operand::kValues, head.values)};
}

/// Which channels each (sequence, kv head) keeps, [batch, kv_heads, columns] in ascending order, -1
/// behind them: the choice of kernels/prune.
std::vector<std::int32_t> choose_channels(const Case& one, Operand side, const void* rows,
                                          const AttentionBuffers& buffers, Device& device) {
  constexpr std::size_t word_bits = 64;
  const auto columns = static_cast<std::size_t>(reduced_columns(one, side));
  const auto heads = static_cast<std::size_t>(one.batch * one.kv_heads);
  const std::size_t row_words = static_cast<std::size_t>(one.head_dim) / word_bits;
  const std::size_t head_words = static_cast<std::size_t>(one.max_kv_len()) * row_words;
  const auto masks = allocate<std::uint64_t>(device, heads * head_words, "masks");
  prune::PruneProblem problem{.batch = one.batch,
                              .kv_heads = one.kv_heads,
                              .head_dim = one.head_dim,
                              .value_type = one.value_type,
                              .operand = side,
                              .rule = prune::Rule::kThink,
                              .kept = one.kept(side),
                              .rows = rows,
                              .row_capacity = one.max_kv_len(),
                              .kv_lengths = buffers.kv_lengths.data(),
                              .max_kv_len = one.max_kv_len(),
                              .window = one.window,
                              .queries = buffers.queries.data(),
                              .query_heads = one.query_heads,
                              .num_queries = 1,
                              .masks = masks.data()};
  const auto workspace = allocate<std::byte>(
      device, static_cast<std::size_t>(prune::workspace_bytes(problem)), "prune workspace");
  problem.workspace = workspace.data();
  prune::launch(problem, device);
  device.synchronize();

  std::vector<std::int32_t> index(heads * columns, -1);
  std::vector<std::uint64_t> mask(row_words);
  for (std::size_t head = 0; head < heads; ++head) {
    const int length = one.kv_length(static_cast<int>(head) / one.kv_heads);
    if (compressed_tokens(one, length) == 0) continue;
    device.copy_to_host(mask.data(), masks.data() + head * head_words, row_words * sizeof mask[0]);
    std::size_t column = head * columns;
    for (std::size_t channel = 0; channel < row_words * word_bits; ++channel) {
      if ((mask[channel / word_bits] >> channel % word_bits & 1u) != 0)
        index.at(column++) = static_cast<std::int32_t>(channel);
    }
  }
  return index;
}

/// The columns of `index` of every row that has left the window,
/// [batch, kv_heads, compressed_capacity, columns].
std::vector<std::uint16_t> gather_columns(const Case& one, const std::vector<std::uint16_t>& rows,
                                          const std::vector<std::int32_t>& index) {
  const auto heads = static_cast<std::size_t>(one.batch * one.kv_heads);
  const std::size_t columns = index.size() / heads;
  const auto capacity = static_cast<std::size_t>(compressed_capacity(one));
  std::vector<std::uint16_t> gathered(heads * capacity * columns);
  for (std::size_t head = 0; head < heads; ++head) {
    const int length = one.kv_length(static_cast<int>(head) / one.kv_heads);
    const auto tokens = static_cast<std::size_t>(compressed_tokens(one, length));
    for (std::size_t i = 0; i < tokens * columns; ++i) {
      const std::int32_t channel = index[head * columns + i % columns];
      const std::size_t row = head * static_cast<std::size_t>(one.max_kv_len()) + i / columns;
      if (channel >= 0)
        gathered[head * capacity * columns + i] =
            rows[row * static_cast<std::size_t>(one.head_dim) + static_cast<std::size_t>(channel)];
    }
  }
  return gathered;
}

/// Keys or values on the device.
struct OperandBuffers {
  DeviceBuffer<std::uint16_t> full;  // [batch, kv_heads, full_capacity, head_dim]
  DeviceBuffer<std::uint16_t> reduced;
  DeviceBuffer<std::int32_t> channel_index;

  dense::ReducedRows reduced_rows(const Case& one, Operand side) const {
    if (!reduces(one, side)) return {};
    return {reduced.data(), channel_index.data(), reduced_columns(one, side)};
  }
};

OperandBuffers upload_operand(const Case& one, Operand side, const inputs::KvTensors& inputs,
                              const AttentionBuffers& buffers, Device& device) {
  const bool keys = side == Operand::kKeys;
  const auto rows = stored_bits(inputs.dtype, keys ? inputs.keys : inputs.values);
  auto all = upload(device, rows, keys ? "keys" : "values");
  if (!reduces(one, side)) return {std::move(all), {}, {}};
  const auto index = choose_channels(one, side, all.data(), buffers, device);
  return {
      upload_ring(one, rows, full_capacity(one, side), keys ? "window keys" : "window values",
                  device),
      upload(device, gather_columns(one, rows, index), keys ? "reduced keys" : "reduced values"),
      upload(device, index, keys ? "key channels" : "value channels")};
}

DeviceResult run(const Case& one, const inputs::KvTensors& inputs, Device& device,
                 const DeviceRunHooks& hooks) {
  const AttentionBuffers buffers(one, inputs, device);
  const OperandBuffers keys = upload_operand(one, Operand::kKeys, inputs, buffers, device);
  const OperandBuffers values = upload_operand(one, Operand::kValues, inputs, buffers, device);

  dense::DenseProblem problem = dense_problem(one);
  problem.queries = buffers.queries.data();
  problem.kv_lengths = buffers.kv_lengths.data();
  problem.keys = keys.full.data();
  problem.values = values.full.data();
  problem.reduced_keys = keys.reduced_rows(one, Operand::kKeys);
  problem.reduced_values = values.reduced_rows(one, Operand::kValues);
  problem.outputs = buffers.outputs.data();
  problem.log_sum_exps = buffers.log_sum_exps.data();
  const dense::DensePlan plan = dense::make_plan(problem, device.info(), one.blocks);
  const auto workspace = make_workspace(device, dense::workspace_bytes(problem, plan));
  problem.workspace = workspace.data();
  if (hooks.before_dense) hooks.before_dense(device, problem);
  dense::launch(problem, plan, device);
  device.synchronize();

  DeviceResult result;
  result.plan = dense::describe(plan);
  buffers.download(result);
  if (hooks.finished) {
    const std::string_view kernel = method_named(one.method).kernels.back();
    hooks.finished({{kernel, [&] { dense::launch(problem, plan, device); }}});
  }
  return result;
}

/// Bytes of one side on the device.
std::int64_t operand_bytes(const Case& one, Operand side) {
  const std::int64_t heads = std::int64_t{one.batch} * one.kv_heads;
  const std::int64_t columns = reduced_columns(one, side);
  return heads * (full_capacity(one, side) * one.head_dim * kElementBytes +
                  columns * (compressed_capacity(one) * kElementBytes +
                             static_cast<std::int64_t>(sizeof(std::int32_t))));
}

Resources resources(const Case& one, const DeviceInfo& device) {
  const dense::DenseProblem problem = dense_problem(one);
  dense::validate(problem);
  const dense::DensePlan plan = dense::make_plan(problem, device, one.blocks);
  const std::int64_t workspace = dense::workspace_bytes(problem, plan);
  const std::int64_t heads = std::int64_t{one.batch} * one.kv_heads;
  const std::int64_t elements = heads * one.max_kv_len() * one.head_dim;
  const std::int64_t sides =
      operand_bytes(one, Operand::kKeys) + operand_bytes(one, Operand::kValues);
  // While channels are chosen, all rows of a side and their masks are there too.
  const std::int64_t choosing = reduces(one) ? elements * kElementBytes + elements / 8 : 0;
  const std::int64_t device_bytes = sides + choosing + attention_buffer_bytes(one) + workspace;
  return {.plan = dense::describe(plan),
          .launch = launch_of(one, plan, workspace),
          .device_bytes = static_cast<std::uint64_t>(device_bytes),
          // Inputs as f32, and 16-bit copies of one side at a time.
          .host_bytes = static_cast<std::uint64_t>(elements * (4 * 2) + elements * kElementBytes +
                                                   (reduces(one) ? sides / 2 : 0))};
}

/// What one side takes; what it keeps of the tokens in the window counts as window.
struct SideBytes {
  std::int64_t values = 0, indices = 0, padding = 0, window = 0;
};
SideBytes side_bytes(const Case& one, Operand side) {
  const TokenCount tokens = count_tokens(one);
  const std::int64_t row_bytes = one.head_dim * kElementBytes;
  if (!reduces(one)) return {.values = (tokens.compressed + tokens.dense) * row_bytes};
  const std::int64_t window = tokens.dense * row_bytes;
  if (!reduces(one, side)) return {.values = tokens.compressed * row_bytes, .window = window};
  const FormatBytes reduced = reduced_channels::count_bytes(one.kept(side), tokens.compressed,
                                                            std::int64_t{one.batch} * one.kv_heads);
  return {.values = reduced.values,
          .indices = reduced.indices,
          .padding = reduced.padding,
          .window = window};
}

traces::Bytes cache_bytes(std::string_view, const Case& one) {
  const auto count = [](std::int64_t bytes) { return static_cast<std::uint64_t>(bytes); };
  const SideBytes keys = side_bytes(one, Operand::kKeys);
  const SideBytes values = side_bytes(one, Operand::kValues);
  return {.key_values = count(keys.values),
          .value_values = count(values.values),
          .indices = count(keys.indices + values.indices),
          .padding = count(keys.padding + values.padding),
          .window = count(keys.window + values.window),
          .dense = count(dense_bytes(one))};
}

constexpr Storage kUnpruned{"none", "dense"};

Method common() {
  return {.name = "dense",
          .summary = "nothing pruned: split-KV flash-decoding",
          .kernels = {"dense"},
          .keys = kUnpruned,
          .values = kUnpruned,
          .why_not_on = runs_everywhere,
          .heeded =
              [](Case one) {
                one = without_rules(std::move(one));
                one.window = 0;
                one.requested_sparsity = 0;
                one.kept_keys = one.kept_values = one.head_dim;
                return one;
              },
          .pruned_tokens = reduced_tokens,
          .masks = masks,
          .resources = resources,
          .run = run,
          .compare_prepared = nullptr,
          .cache_bytes = cache_bytes};
}

}  // namespace

Method dense_method() { return common(); }

Method think_method() {
  Method method = common();
  method.name = "think";
  method.summary = "ThinK: outside the window rows keep some channels of their kv head";
  method.kernels = {"think"};
  method.keys = method.values = {"think", "reduced_channels"};
  method.heeded = [](Case one) {
    const auto value_sparsity = one.requested_value_sparsity;
    one = without_rules(std::move(one));
    one.requested_value_sparsity = value_sparsity;
    return one;
  };
  return method;
}

}  // namespace kvroof::validate
