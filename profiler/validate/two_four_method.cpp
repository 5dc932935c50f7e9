// SPDX-License-Identifier: Apache-2.0
// Two of every four neighbours along the contraction, chosen by kernels/prune, encoded on the host,
// on sparse tensor-core instructions.

#include "kernels/baselines/two_four/launch.hpp"
#include "kernels/format/two_four.hpp"
#include "profiler/validate/attention_method.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/pruned_cache.hpp"
#include "profiler/validate/rules.hpp"

namespace kvroof::validate {
namespace {

int chunk_capacity(const Case& one) { return compressed_capacity(one) / two_four::kTokens; }

/// The case with the rules of the instruction, whatever it has.
Case with_own_rules(Case one) {
  one.key_rule = prune::Rule::kTwoOfFour;
  one.value_rule = prune::Rule::kTwoOfFourTokens;
  one.kept_keys = one.kept_values = one.head_dim / 2;
  return one;
}

HeadMasks masks(const Case& one, const HeadTensors& head) {
  return chunk_masks(with_own_rules(one), head);
}

std::int64_t side_bytes(const Case& one) {
  return std::int64_t{one.batch} * one.kv_heads * chunk_capacity(one) *
         two_four::chunk_bytes(one.head_dim);
}

/// The chunks of keys or values of all heads, of what kernels/prune chose; those that no sequence
/// reaches stay unwritten.
class Chunks {
 public:
  Chunks(const Case& one, Operand side, const inputs::KvTensors& inputs, Device& device) {
    const std::vector<std::uint64_t> bitmaps =
        prune_on_device(with_own_rules(one), side, inputs, device);
    bytes_ = allocate<std::byte>(device, static_cast<std::size_t>(side_bytes(one)),
                                 side == Operand::kKeys ? "key chunks" : "value chunks");
    const std::size_t head_bytes =
        bytes_.size() / static_cast<std::size_t>(one.batch * one.kv_heads);
    std::byte* target = bytes_.data();
    for (int sequence = 0; sequence < one.batch; ++sequence) {
      for (int kv_head = 0; kv_head < one.kv_heads; ++kv_head) {
        encode(chosen_rows(one, inputs, side, sequence, kv_head,
                           to_mask(one, bitmaps, sequence, kv_head)),
               target, device);
        target += head_bytes;
      }
    }
  }
  const std::byte* data() const { return bytes_.data(); }

 private:
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

  DeviceBuffer<std::byte> bytes_;
};

DeviceResult run(const Case& one, const inputs::KvTensors& inputs, Device& device,
                 const DeviceRunHooks& hooks) {
  const AttentionBuffers buffers(one, inputs, device);
  const Chunks keys(one, Operand::kKeys, inputs, device);
  const Chunks values(one, Operand::kValues, inputs, device);
  const auto window_keys =
      upload_ring(one, stored_bits(inputs.dtype, inputs.keys), "window keys", device);
  const auto window_values =
      upload_ring(one, stored_bits(inputs.dtype, inputs.values), "window values", device);
  attention::DecodeProblem problem = chunk_problem(one);
  problem.queries = buffers.queries.data();
  problem.kv_lengths = buffers.kv_lengths.data();
  problem.keys.chunks = keys.data();
  problem.values.chunks = values.data();
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
  const std::int64_t rings = 2 * heads * ring_capacity(one) * one.head_dim * kElementBytes;
  // While a side is pruned, its rows and masks are there beside the chunks of both.
  const std::int64_t pruning = elements * kElementBytes + elements / 8;
  const std::int64_t device_bytes =
      2 * side_bytes(one) + std::max(rings + workspace, pruning) + attention_buffer_bytes(one);
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
          .keys = {to_string(prune::Rule::kTwoOfFour), "two_four"},
          .values = {to_string(prune::Rule::kTwoOfFourTokens), "two_four"},
          .why_not_on = runs_everywhere,
          .heeded =
              [](Case one) {
                one = with_own_rules(without_rules(std::move(one)));
                one.requested_sparsity = 0.5;
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
