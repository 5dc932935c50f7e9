// SPDX-License-Identifier: Apache-2.0
// Two of every four neighbours along the contraction, encoded on the host, on sparse tensor-core
// instructions.

#include "kernels/baselines/two_four/launch.hpp"
#include "kernels/format/two_four.hpp"
#include "profiler/validate/attention_method.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/compare_attention.hpp"
#include "profiler/validate/pruned_cache.hpp"
#include "reference/prune.hpp"

namespace kvroof::validate {
namespace {

int chunk_capacity(const Case& one) { return compressed_capacity(one) / two_four::kTokens; }

HeadMasks masks(const Case& one, const HeadTensors& head) {
  HeadMasks masks{reference::Mask::Constant(head.keys.rows(), head.keys.cols(), true),
                  reference::Mask::Constant(head.values.rows(), head.values.cols(), true)};
  const int pruned = compressed_tokens(one, static_cast<int>(head.keys.rows()));
  if (pruned == 0) return masks;
  masks.keys.topRows(pruned) =
      reference::prune_n_of_m(head.keys.topRows(pruned), two_four::kKept, two_four::kGroup);
  masks.values.topRows(pruned) = reference::prune_values_per_channel_magnitude(
      head.values.topRows(pruned), two_four::kKept, two_four::kGroup);
  return masks;
}

/// The chunks of all heads; those that no sequence reaches stay unwritten.
struct Chunks {
  Chunks(const Case& one, const inputs::KvTensors& inputs, Device& device)
      : keys(allocate<std::byte>(device, bytes(one), "key chunks")),
        values(allocate<std::byte>(device, bytes(one), "value chunks")) {
    const std::size_t head_bytes = bytes(one) / static_cast<std::size_t>(one.batch * one.kv_heads);
    for (int sequence = 0; sequence < one.batch; ++sequence) {
      for (int kv_head = 0; kv_head < one.kv_heads; ++kv_head) {
        const HeadMasks chosen = masks(one, head_tensors(one, inputs, sequence, kv_head));
        const std::size_t first =
            static_cast<std::size_t>(sequence * one.kv_heads + kv_head) * head_bytes;
        const auto rows = [&](Operand side, const reference::Mask& mask) {
          return chosen_rows(one, inputs, side, sequence, kv_head, mask);
        };
        encode(rows(Operand::kKeys, chosen.keys), keys.data() + first, device);
        encode(rows(Operand::kValues, chosen.values), values.data() + first, device);
      }
    }
  }

  DeviceBuffer<std::byte> keys, values;

 private:
  static std::size_t bytes(const Case& one) {
    return static_cast<std::size_t>(one.batch) * static_cast<std::size_t>(one.kv_heads) *
           static_cast<std::size_t>(chunk_capacity(one)) *
           static_cast<std::size_t>(two_four::chunk_bytes(one.head_dim));
  }
  static void encode(const ChosenRows& rows, std::byte* target, Device& device) {
    const auto elements = static_cast<std::size_t>(two_four::kTokens * rows.head_dim);
    std::vector<std::byte> chunk(static_cast<std::size_t>(two_four::chunk_bytes(rows.head_dim)));
    for (std::size_t first = 0; first < rows.bits.size(); first += elements) {
      two_four::encode(rows.operand, rows.head_dim, std::span(rows.bits).subspan(first, elements),
                       std::span(rows.mask).subspan(first, elements), chunk);
      device.copy_to_device(target, chunk.data(), chunk.size());
      target += chunk.size();
    }
  }
};

DeviceResult run(const Case& one, const inputs::KvTensors& inputs, Device& device,
                 const DeviceRunHooks& hooks) {
  const AttentionBuffers buffers(one, inputs, device);
  const Chunks chunks(one, inputs, device);
  const auto window_keys =
      upload_ring(one, stored_bits(inputs.dtype, inputs.keys), "window keys", device);
  const auto window_values =
      upload_ring(one, stored_bits(inputs.dtype, inputs.values), "window values", device);
  attention::DecodeProblem problem = chunk_problem(one);
  problem.queries = buffers.queries.data();
  problem.kv_lengths = buffers.kv_lengths.data();
  problem.keys.chunks = chunks.keys.data();
  problem.values.chunks = chunks.values.data();
  problem.window_keys = window_keys.data();
  problem.window_values = window_values.data();
  problem.outputs = buffers.outputs.data();
  problem.log_sum_exps = buffers.log_sum_exps.data();
  const attention::DecodePlan plan = two_four::make_plan(problem, device.info(), one.blocks);
  const auto workspace = make_workspace(device, attention::workspace_bytes(problem, plan));
  problem.workspace = workspace.data();
  if (hooks.before_decode) hooks.before_decode(device, problem);
  two_four::launch(problem, plan, device);
  device.synchronize();

  DeviceResult result;
  result.plan = two_four::describe(plan);
  buffers.download(result);
  if (hooks.finished)
    hooks.finished({{"decode_2_4", [&] { two_four::launch(problem, plan, device); }}});
  return result;
}

Resources resources(const Case& one, const DeviceInfo& device) {
  const attention::DecodeProblem problem = chunk_problem(one);
  two_four::validate(problem);
  const attention::DecodePlan plan = two_four::make_plan(problem, device, one.blocks);
  const std::int64_t workspace = attention::workspace_bytes(problem, plan);
  const std::int64_t heads = std::int64_t{one.batch} * one.kv_heads;
  const std::int64_t elements = heads * one.max_kv_len() * one.head_dim;
  const std::int64_t chunks = 2 * two_four::chunk_bytes(one.head_dim) * heads * chunk_capacity(one);
  const std::int64_t rings = 2 * heads * ring_capacity(one) * one.head_dim * kElementBytes;
  const std::int64_t device_bytes = chunks + rings + attention_buffer_bytes(one) + workspace;
  return {.plan = two_four::describe(plan),
          .launch = launch_of(one, plan, workspace),
          .device_bytes = static_cast<std::uint64_t>(device_bytes),
          // Inputs as f32, and one side's 16-bit copy at a time.
          .host_bytes = static_cast<std::uint64_t>(elements * (4 * 2 + kElementBytes))};
}

traces::Bytes cache_bytes(std::string_view, const Case& one) {
  const auto count = [](std::int64_t bytes) { return static_cast<std::uint64_t>(bytes); };
  const TokenCount tokens = count_tokens(one);
  const FormatBytes side =
      two_four::count_bytes(one.head_dim, tokens.compressed / two_four::kTokens);
  return {.key_values = count(side.values),
          .value_values = count(side.values),
          .indices = count(2 * side.indices),
          .window = count(2 * tokens.dense * one.head_dim * kElementBytes),
          .dense = count(dense_bytes(one))};
}

}  // namespace

Method two_four_method() {
  return {.name = "two_four",
          .summary = "2:4 along the contraction, on sparse tensor-core instructions",
          .kernels = {"decode_2_4"},
          .keys = {"2_of_4_channels", "two_four"},
          .values = {"2_of_4_tokens", "two_four"},
          .why_not_on = runs_everywhere,
          .heeded =
              [](Case one) {
                one = without_rules(std::move(one));
                one.requested_sparsity = 0.5;
                one.kept_keys = one.kept_values = one.head_dim / 2;
                return one;
              },
          .pruned_tokens = compressed_tokens,
          .masks = masks,
          .resources = resources,
          .run = run,
          .compare_prepared = nullptr,
          .cache_bytes = cache_bytes};
}

}  // namespace kvroof::validate
