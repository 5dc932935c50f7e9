// SPDX-License-Identifier: Apache-2.0
// Per-token magnitude pruning in lane chunks: pack, pack, decode.

#include "kernels/attention/launch.hpp"
#include "kernels/compress/launch.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "profiler/validate/attention_method.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/compare_pack.hpp"
#include "profiler/validate/pruned_cache.hpp"

namespace kvroof::validate {
namespace {

int chunk_capacity(const Case& one) { return compressed_capacity(one) / lane_chunk::kTokens; }

/// One operand of the cache on the device.
struct OperandBuffers {
  DeviceBuffer<std::uint16_t>
      rows;  // [batch, kv_heads, kv_len, head_dim], dense source of the pack kernel
  DeviceBuffer<std::byte> chunks;
  DeviceBuffer<std::uint16_t> window;  // ring
  compress::PackProblem pack;          // rows to chunks
};

OperandBuffers pack_operand(const Case& one, Operand operand,
                            const std::vector<std::uint16_t>& rows, const std::int32_t* kv_lengths,
                            Device& device) {
  const bool keys = operand == Operand::kKeys;
  const int kept = keys ? one.kept_keys : one.kept_values;
  const auto heads = static_cast<std::size_t>(one.batch * one.kv_heads);
  const auto chunk_bytes = static_cast<std::size_t>(lane_chunk::chunk_bytes(one.head_dim, kept));
  OperandBuffers buffers{
      upload(device, rows, keys ? "dense keys" : "dense values"),
      allocate<std::byte>(device,
                          heads * static_cast<std::size_t>(chunk_capacity(one)) * chunk_bytes,
                          keys ? "key chunks" : "value chunks"),
      upload_ring(one, rows, keys ? "window keys" : "window values", device),
      {}};
  buffers.pack = {.batch = one.batch,
                  .kv_heads = one.kv_heads,
                  .head_dim = one.head_dim,
                  .value_type = one.value_type,
                  .operand = operand,
                  .kept = kept,
                  .rows = buffers.rows.data(),
                  .row_capacity = one.max_kv_len(),
                  .kv_lengths = kv_lengths,
                  .max_kv_len = one.max_kv_len(),
                  .window = one.window,
                  .first_chunk = 0,
                  .chunks = buffers.chunks.data(),
                  .chunk_capacity = chunk_capacity(one)};
  compress::launch(buffers.pack, device);
  return buffers;
}

/// Chunks that no sequence of the batch reaches stay unwritten: copies only what a length says is
/// there.
std::vector<std::byte> download_chunks(const Case& one, int kept,
                                       const DeviceBuffer<std::byte>& chunks, Device& device) {
  std::vector<std::byte> target(chunks.size());
  const auto chunk_bytes = static_cast<std::size_t>(lane_chunk::chunk_bytes(one.head_dim, kept));
  const std::size_t row_bytes = static_cast<std::size_t>(chunk_capacity(one)) * chunk_bytes;
  for (int row = 0; row < one.batch * one.kv_heads; ++row) {
    const int tokens = compressed_tokens(one, one.kv_length(row / one.kv_heads));
    const std::size_t first = static_cast<std::size_t>(row) * row_bytes;
    const std::size_t bytes = static_cast<std::size_t>(tokens / lane_chunk::kTokens) * chunk_bytes;
    if (bytes > 0) device.copy_to_host(target.data() + first, chunks.data() + first, bytes);
  }
  return target;
}

DeviceResult run(const Case& one, const inputs::KvTensors& inputs, Device& device,
                 const DeviceRunHooks& hooks) {
  const AttentionBuffers buffers(one, inputs, device);
  DeviceResult result;
  result.chunk_capacity = chunk_capacity(one);
  const OperandBuffers keys =
      pack_operand(one, Operand::kKeys, stored_bits(inputs.dtype, inputs.keys),
                   buffers.kv_lengths.data(), device);
  const OperandBuffers values =
      pack_operand(one, Operand::kValues, stored_bits(inputs.dtype, inputs.values),
                   buffers.kv_lengths.data(), device);

  attention::DecodeProblem problem = chunk_problem(one);
  problem.queries = buffers.queries.data();
  problem.kv_lengths = buffers.kv_lengths.data();
  problem.keys.chunks = keys.chunks.data();
  problem.values.chunks = values.chunks.data();
  problem.window_keys = keys.window.data();
  problem.window_values = values.window.data();
  problem.outputs = buffers.outputs.data();
  problem.log_sum_exps = buffers.log_sum_exps.data();
  const attention::DecodePlan plan = attention::make_plan(problem, device.info(), one.blocks);
  result.plan = attention::describe(plan);
  const auto workspace = make_workspace(device, attention::workspace_bytes(problem, plan));
  problem.workspace = workspace.data();
  if (hooks.before_decode) hooks.before_decode(device, problem);
  attention::launch(problem, plan, device);
  device.synchronize();

  buffers.download(result);
  result.key_chunks = download_chunks(one, one.kept_keys, keys.chunks, device);
  result.value_chunks = download_chunks(one, one.kept_values, values.chunks, device);
  if (hooks.finished) {
    hooks.finished({{"pack_keys", [&] { compress::launch(keys.pack, device); }},
                    {"pack_values", [&] { compress::launch(values.pack, device); }},
                    {"decode", [&] { attention::launch(problem, plan, device); }}});
  }
  return result;
}

Resources resources(const Case& one, const DeviceInfo& device) {
  const attention::DecodeProblem problem = chunk_problem(one);
  attention::validate(problem);
  const attention::DecodePlan plan = attention::make_plan(problem, device, one.blocks);
  const std::int64_t workspace = attention::workspace_bytes(problem, plan);
  const auto count = [](std::int64_t number) { return static_cast<std::uint64_t>(number); };
  const std::int64_t heads = std::int64_t{one.batch} * one.kv_heads;
  const std::int64_t elements = heads * one.max_kv_len() * one.head_dim;
  const std::int64_t chunks = heads * chunk_capacity(one) *
                              (lane_chunk::chunk_bytes(one.head_dim, one.kept_keys) +
                               lane_chunk::chunk_bytes(one.head_dim, one.kept_values));
  const std::int64_t rings = heads * ring_capacity(one) * one.head_dim * 2 * 2;
  const std::int64_t queries = attention_buffer_bytes(one);
  return {.plan = attention::describe(plan),
          .launch = launch_of(one, plan, workspace),
          .device_bytes = count(elements * 2 * 2 + chunks + rings + queries + workspace),
          // Inputs as f32, one side's 16-bit copy at a time, and the chunks read back.
          .host_bytes = count(elements * (4 * 2 + 2) + chunks + queries * 2)};
}

HeadMasks masks(const Case& one, const HeadTensors& head) {
  return {head_mask(one, head.keys, one.kept_keys), head_mask(one, head.values, one.kept_values)};
}

KernelResult compare_prepared(std::string_view kernel, const Case& one,
                              const inputs::KvTensors& inputs, const DeviceResult& result) {
  return compare_pack(one, kernel == "pack_keys" ? Operand::kKeys : Operand::kValues, inputs,
                      result);
}

traces::Bytes cache_bytes(std::string_view kernel, const Case& one) {
  const auto count = [](std::int64_t bytes) { return static_cast<std::uint64_t>(bytes); };
  const TokenCount tokens = count_tokens(one);
  const std::int64_t chunks = tokens.compressed / lane_chunk::kTokens;
  const auto side = [&](std::string_view other, int kept) {
    return kernel == other ? lane_chunk::Bytes{}
                           : lane_chunk::count_bytes(one.head_dim, kept, chunks);
  };
  const lane_chunk::Bytes keys = side("pack_values", one.kept_keys);
  const lane_chunk::Bytes values = side("pack_keys", one.kept_values);
  const std::int64_t sides = attends(kernel) ? 2 : 1;
  return {.key_values = count(keys.values),
          .value_values = count(values.values),
          .key_bitmaps = count(keys.bitmaps),
          .value_bitmaps = count(values.bitmaps),
          .indices = count(keys.headers + values.headers),
          .padding = count(keys.padding + values.padding),
          .window = count(sides * tokens.dense * one.head_dim * kElementBytes),
          .dense = count(sides * dense_bytes(one) / 2)};
}

}  // namespace

Method lane_chunk_method() {
  constexpr Storage storage{"per_token_magnitude", "lane_chunk"};
  return {.name = "lane_chunk",
          .summary = "per-token magnitude, exact count per row, bitmap and lane streams",
          .kernels = {"pack_keys", "pack_values", "decode"},
          .keys = storage,
          .values = storage,
          .runs_on = [](Backend) { return true; },
          .heeded = [](Case one) { return one; },
          .pruned_tokens = compressed_tokens,
          .masks = masks,
          .resources = resources,
          .run = run,
          .compare_prepared = compare_prepared,
          .cache_bytes = cache_bytes};
}

}  // namespace kvroof::validate
