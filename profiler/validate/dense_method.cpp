// SPDX-License-Identifier: Apache-2.0
// The unpruned cache, and ThinK's: keys that hold only some channels of their kv head.

#include <cmath>

#include "kernels/baselines/dense/launch.hpp"
#include "kernels/baselines/dense/tile.hpp"
#include "profiler/validate/attention_method.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/compare_attention.hpp"
#include "reference/prune.hpp"

namespace kvroof::validate {
namespace {

bool reduces(const Case& one) { return one.method == "think"; }

/// Columns of a reduced key row: whole 16-byte pieces.
int reduced_columns(const Case& one) {
  return static_cast<int>(divide_up(one.kept_keys, dense::kPieceChannels)) * dense::kPieceChannels;
}
int pruned_tokens(const Case& one, int kv_len) {
  return reduces(one) && kv_len > one.window ? kv_len - one.window : 0;
}
/// Rows of full keys: all of them, or a ring of the window.
int key_capacity(const Case& one) {
  return reduces(one) ? std::min(one.window, one.max_kv_len()) : one.max_kv_len();
}

/// The problem as the kernel's own rules see it, with addresses that are only looked at.
dense::DenseProblem dense_problem(const Case& one) {
  dense::DenseProblem problem{.batch = one.batch,
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
                              .key_capacity = key_capacity(one),
                              .capacity = one.max_kv_len(),
                              .outputs = stand_in<void>(),
                              .log_sum_exps = stand_in<float>(),
                              .workspace = stand_in<void>()};
  if (reduces(one)) {
    problem.reduced_keys = {.rows = stand_in<void>(),
                            .channel_index = stand_in<std::int32_t>(),
                            .channels = reduced_columns(one),
                            .window = one.window};
  }
  return problem;
}

/// ThinK's choice for one (sequence, kv head), by the decode's own queries: every token outside the
/// window keeps the same channels.
reference::Mask think_key_mask(const Case& one, const HeadTensors& head) {
  reference::Mask mask = reference::Mask::Constant(head.keys.rows(), head.keys.cols(), true);
  const int pruned = pruned_tokens(one, static_cast<int>(head.keys.rows()));
  if (pruned > 0) {
    mask.topRows(pruned) =
        reference::prune_keys_think(head.keys.topRows(pruned), head.queries, one.kept_keys);
  }
  return mask;
}

HeadMasks masks(const Case& one, const HeadTensors& head) {
  return {think_key_mask(one, head),
          reference::Mask::Constant(head.values.rows(), head.values.cols(), true)};
}

/// Keys as ThinK stores them.
struct ReducedRows {
  std::vector<std::uint16_t> rows;          // [batch, kv_heads, max_kv_len, columns]
  std::vector<std::int32_t> channel_index;  // [batch, kv_heads, columns]; -1 where none
  std::vector<std::uint16_t> window;        // [batch, kv_heads, key_capacity, head_dim], a ring
};

void reduce_row(const Case& one, const inputs::KvTensors& inputs, int sequence, int kv_head,
                ReducedRows& reduced) {
  const int length = one.kv_length(sequence);
  const int pruned = pruned_tokens(one, length);
  const auto row = static_cast<std::size_t>(sequence * one.kv_heads + kv_head);
  const auto columns = static_cast<std::size_t>(reduced_columns(one));
  const auto head_dim = static_cast<std::size_t>(one.head_dim);
  const auto key_bits = [&](int token, int channel) {
    const std::size_t at =
        row * static_cast<std::size_t>(one.max_kv_len()) + static_cast<std::size_t>(token);
    return inputs::to_bits(inputs.dtype,
                           inputs.keys[at * head_dim + static_cast<std::size_t>(channel)]);
  };
  if (pruned > 0) {
    const reference::Mask mask = think_key_mask(one, head_tensors(one, inputs, sequence, kv_head));
    std::size_t column = row * columns;
    for (int channel = 0; channel < one.head_dim; ++channel) {
      if (mask(0, channel)) reduced.channel_index[column++] = channel;
    }
  }
  for (int token = 0; token < pruned; ++token) {
    const std::size_t at =
        (row * static_cast<std::size_t>(one.max_kv_len()) + static_cast<std::size_t>(token)) *
        columns;
    for (std::size_t column = 0; column < columns; ++column) {
      const std::int32_t channel = reduced.channel_index[row * columns + column];
      if (channel >= 0) reduced.rows[at + column] = key_bits(token, channel);
    }
  }
  const auto ring_rows = static_cast<std::size_t>(key_capacity(one));
  for (int token = pruned; token < length; ++token) {
    const std::size_t at =
        (row * ring_rows + static_cast<std::size_t>(token) % ring_rows) * head_dim;
    for (int channel = 0; channel < one.head_dim; ++channel)
      reduced.window[at + static_cast<std::size_t>(channel)] = key_bits(token, channel);
  }
}

ReducedRows reduce_keys(const Case& one, const inputs::KvTensors& inputs) {
  const std::size_t heads =
      static_cast<std::size_t>(one.batch) * static_cast<std::size_t>(one.kv_heads);
  const auto columns = static_cast<std::size_t>(reduced_columns(one));
  ReducedRows reduced{
      std::vector<std::uint16_t>(heads * static_cast<std::size_t>(one.max_kv_len()) * columns),
      std::vector<std::int32_t>(heads * columns, -1),
      std::vector<std::uint16_t>(heads * static_cast<std::size_t>(key_capacity(one)) *
                                 static_cast<std::size_t>(one.head_dim))};
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    for (int kv_head = 0; kv_head < one.kv_heads; ++kv_head)
      reduce_row(one, inputs, sequence, kv_head, reduced);
  }
  return reduced;
}

DeviceResult run(const Case& one, const inputs::KvTensors& inputs, Device& device,
                 const DeviceRunHooks& hooks) {
  const AttentionBuffers buffers(one, inputs, device);
  const auto values = upload(device, stored_bits(inputs.dtype, inputs.values), "values");
  DeviceBuffer<std::uint16_t> keys, reduced_rows;
  DeviceBuffer<std::int32_t> channel_index;
  if (reduces(one)) {
    const ReducedRows reduced = reduce_keys(one, inputs);
    keys = upload(device, reduced.window, "window keys");
    reduced_rows = upload(device, reduced.rows, "reduced keys");
    channel_index = upload(device, reduced.channel_index, "channel_index");
  } else {
    keys = upload(device, stored_bits(inputs.dtype, inputs.keys), "keys");
  }

  dense::DenseProblem problem = dense_problem(one);
  problem.queries = buffers.queries.data();
  problem.kv_lengths = buffers.kv_lengths.data();
  problem.keys = keys.data();
  problem.values = values.data();
  if (reduces(one)) {
    problem.reduced_keys.rows = reduced_rows.data();
    problem.reduced_keys.channel_index = channel_index.data();
  }
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

Resources resources(const Case& one, const DeviceInfo& device) {
  const dense::DenseProblem problem = dense_problem(one);
  dense::validate(problem);
  const dense::DensePlan plan = dense::make_plan(problem, device, one.blocks);
  const std::int64_t workspace = dense::workspace_bytes(problem, plan);
  const std::int64_t heads = std::int64_t{one.batch} * one.kv_heads;
  const std::int64_t elements = heads * one.max_kv_len() * one.head_dim;
  std::int64_t keys = heads * key_capacity(one) * one.head_dim * kElementBytes;
  if (reduces(one)) {
    keys += heads * reduced_columns(one) *
            (one.max_kv_len() * kElementBytes + static_cast<std::int64_t>(sizeof(std::int32_t)));
  }
  const std::int64_t device_bytes =
      elements * kElementBytes + keys + attention_buffer_bytes(one) + workspace;
  return {.plan = dense::describe(plan),
          .launch = launch_of(one, plan, workspace),
          .device_bytes = static_cast<std::uint64_t>(device_bytes),
          // Inputs as f32, and 16-bit copies of one side at a time.
          .host_bytes =
              static_cast<std::uint64_t>(elements * (4 * 2) + keys + elements * kElementBytes)};
}

traces::Bytes cache_bytes(std::string_view, const Case& one) {
  const auto count = [](std::int64_t bytes) { return static_cast<std::uint64_t>(bytes); };
  std::int64_t tokens = 0;
  std::int64_t pruned = 0;
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    tokens += std::int64_t{one.kv_length(sequence)} * one.kv_heads;
    pruned += std::int64_t{pruned_tokens(one, one.kv_length(sequence))} * one.kv_heads;
  }
  const std::int64_t full = tokens - pruned;
  const std::int64_t row_bytes = one.head_dim * kElementBytes;
  traces::Bytes bytes{.value_values = count(tokens * row_bytes), .dense = count(dense_bytes(one))};
  if (reduces(one)) {
    const int columns = reduced_columns(one);
    bytes.key_values = count(pruned * one.kept_keys * kElementBytes);
    bytes.padding = count(pruned * (columns - one.kept_keys) * kElementBytes);
    bytes.indices = count(std::int64_t{one.batch} * one.kv_heads * columns *
                          static_cast<std::int64_t>(sizeof(std::int32_t)));
    bytes.value_values = count(pruned * row_bytes);
    bytes.window = count(2 * full * row_bytes);
  } else {
    bytes.key_values = count(full * row_bytes);
  }
  return bytes;
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
          .pruned_tokens = pruned_tokens,
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
  method.summary = "ThinK: keys outside the window keep some channels of their kv head";
  method.kernels = {"think"};
  method.keys = {"think", "reduced_channels"};
  method.heeded = [](Case one) {
    one = without_rules(std::move(one));
    one.kept_values = one.head_dim;
    return one;
  };
  return method;
}

}  // namespace kvroof::validate
