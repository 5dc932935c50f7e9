// SPDX-License-Identifier: Apache-2.0
// Any rule in lane chunks: pack, pack, decode.

#include <optional>

#include "kernels/attention/launch.hpp"
#include "kernels/compress/launch.hpp"
#include "kernels/error.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "kernels/format/variable_rows.hpp"
#include "profiler/validate/attention_method.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/compare_pack.hpp"
#include "profiler/validate/grown_cache.hpp"
#include "profiler/validate/pruned_cache.hpp"
#include "profiler/validate/rules.hpp"

namespace kvroof::validate {
namespace {

int chunk_capacity(const Case& one) { return compressed_capacity(one) / lane_chunk::kTokens; }

/// Whether the pack kernel's own rule does not choose what the case wants.
bool needs_masks(const Case& one, Operand operand) {
  const prune::Rule rule = one.rule(operand);
  return has_offsets(one, operand) ||
         (rule != prune::Rule::kPerTokenMagnitude && rule != prune::Rule::kNone);
}
/// The longest chunk there is, everything surviving, up to where the next one may begin.
std::int64_t most_variable_chunk_bytes(int head_dim) {
  constexpr std::int64_t unit = variable_rows::kOffsetBytes;
  return divide_up(lane_chunk::chunk_bytes(head_dim, head_dim), unit) * unit;
}

/// Bytes that the chunks of one side are given.
std::int64_t room_bytes(const Case& one, Operand operand) {
  const std::int64_t chunks = std::int64_t{one.batch} * one.kv_heads * chunk_capacity(one);
  return chunks * (has_offsets(one, operand)
                       ? most_variable_chunk_bytes(one.head_dim)
                       : lane_chunk::chunk_bytes(one.head_dim, one.kept(operand)));
}
std::int64_t offset_count(const Case& one, Operand operand) {
  return has_offsets(one, operand)
             ? std::int64_t{one.batch} * one.kv_heads * (chunk_capacity(one) + 1)
             : 0;
}

/// What packs one side, with addresses that are only looked at.
compress::PackProblem pack_problem(const Case& one, Operand operand) {
  return {.batch = one.batch,
          .kv_heads = one.kv_heads,
          .head_dim = one.head_dim,
          .value_type = one.value_type,
          .operand = operand,
          .kept = one.kept(operand),
          .rows = stand_in<void>(),
          .row_capacity = one.max_kv_len(),
          .masks = needs_masks(one, operand) ? stand_in<std::uint64_t>() : nullptr,
          .kv_lengths = stand_in<std::int32_t>(),
          .max_kv_len = one.max_kv_len(),
          .window = one.window,
          .first_chunk = 0,
          .chunks = stand_in<std::byte>(),
          .chunk_capacity = chunk_capacity(one),
          .offsets = has_offsets(one, operand) ? stand_in<std::uint32_t>() : nullptr,
          .chunks_bytes = room_bytes(one, operand)};
}

/// One operand of the cache on the device.
struct OperandBuffers {
  DeviceBuffer<std::uint16_t>
      rows;  // [batch, kv_heads, kv_len, head_dim], dense source of the pack kernel
  DeviceBuffer<std::uint64_t> masks;  // by kernels/prune, empty unless needs_masks()
  DeviceBuffer<std::byte> chunks;
  DeviceBuffer<std::uint32_t> offsets;  // empty unless has_offsets()
  DeviceBuffer<std::uint16_t> window;   // ring
  compress::PackProblem pack;           // rows to chunks
};

OperandBuffers pack_operand(const Case& one, Operand operand, const inputs::KvTensors& inputs,
                            const std::int32_t* kv_lengths, Device& device) {
  const bool keys = operand == Operand::kKeys;
  const auto rows = stored_bits(inputs.dtype, keys ? inputs.keys : inputs.values);
  OperandBuffers buffers{
      upload(device, rows, keys ? "dense keys" : "dense values"),
      {},
      allocate<std::byte>(device, static_cast<std::size_t>(room_bytes(one, operand)),
                          keys ? "key chunks" : "value chunks"),
      allocate<std::uint32_t>(device, static_cast<std::size_t>(offset_count(one, operand)),
                              keys ? "key offsets" : "value offsets"),
      upload_ring(one, rows, keys ? "window keys" : "window values", device),
      {}};
  if (needs_masks(one, operand)) {
    buffers.masks = prune_on_device(one, operand, inputs, buffers.rows.data(), kv_lengths, device);
  }
  buffers.pack = pack_problem(one, operand);
  buffers.pack.rows = buffers.rows.data();
  buffers.pack.masks = buffers.masks.data();
  buffers.pack.kv_lengths = kv_lengths;
  buffers.pack.chunks = buffers.chunks.data();
  if (has_offsets(one, operand)) buffers.pack.offsets = buffers.offsets.data();
  compress::launch(buffers.pack, device);
  return buffers;
}

/// The cache of a case: packed at once, or grown.
struct FilledCache {
  FilledCache(const Case& one, const inputs::KvTensors& inputs, const std::int32_t* kv_lengths,
              Device& device) {
    if (one.appended) {
      view = grown.emplace(grow_cache(one, inputs, device)).view();
      return;
    }
    keys = pack_operand(one, Operand::kKeys, inputs, kv_lengths, device);
    values = pack_operand(one, Operand::kValues, inputs, kv_lengths, device);
    view = {.kv_lengths = kv_lengths,
            .key_chunks = keys.chunks.data(),
            .value_chunks = values.chunks.data(),
            .chunk_capacity = chunk_capacity(one),
            .window_keys = keys.window.data(),
            .window_values = values.window.data(),
            .window_capacity = ring_capacity(one)};
  }

  std::optional<cache::KvCache> grown;
  OperandBuffers keys, values;  // unless grown
  cache::CacheView view;
};

/// Chunks that no sequence of the batch reaches stay unwritten: copies only what a length says is
/// there.
std::vector<std::byte> download_chunks(const Case& one, int kept, const std::byte* chunks,
                                       int capacity, Device& device) {
  const auto chunk_bytes = static_cast<std::size_t>(lane_chunk::chunk_bytes(one.head_dim, kept));
  const std::size_t row_bytes = static_cast<std::size_t>(capacity) * chunk_bytes;
  const int heads = one.batch * one.kv_heads;
  std::vector<std::byte> target(static_cast<std::size_t>(heads) * row_bytes);
  for (int row = 0; row < heads; ++row) {
    const int tokens = compressed_tokens(one, one.kv_length(row / one.kv_heads));
    const std::size_t first = static_cast<std::size_t>(row) * row_bytes;
    const std::size_t bytes = static_cast<std::size_t>(tokens / lane_chunk::kTokens) * chunk_bytes;
    if (bytes > 0) device.copy_to_host(target.data() + first, chunks + first, bytes);
  }
  return target;
}

/// What the pack kernel left of one side.
PackedOperand download_operand(const Case& one, Operand operand, const FilledCache& cache,
                               Device& device) {
  const bool keys = operand == Operand::kKeys;
  const std::byte* chunks = keys ? cache.view.key_chunks : cache.view.value_chunks;
  if (!has_offsets(one, operand)) {
    return {download_chunks(one, one.kept(operand), chunks, cache.view.chunk_capacity, device), {}};
  }
  const OperandBuffers& buffers = keys ? cache.keys : cache.values;
  PackedOperand packed{{}, std::vector<std::uint32_t>(buffers.offsets.size())};
  buffers.offsets.download(packed.offsets);
  const std::size_t end = std::size_t{packed.offsets.back()} * variable_rows::kOffsetBytes;
  packed.chunks.resize(std::min(end, buffers.chunks.size()));
  if (!packed.chunks.empty())
    device.copy_to_host(packed.chunks.data(), chunks, packed.chunks.size());
  return packed;
}

/// Throws std::invalid_argument unless a cache that grows can hold what the rules keep.
void require_growable(const Case& one) {
  if (!one.appended) return;
  for (const Operand side : {Operand::kKeys, Operand::kValues}) {
    const prune::Rule rule = one.rule(side);
    require(rule == prune::Rule::kPerTokenMagnitude || rule == prune::Rule::kNone,
            "cache: a cache that grows prunes per token by magnitude as rows leave its window, got "
            "{}, which looks at more than the row or keeps another count of each; a cache packed "
            "at once takes it",
            to_string(rule));
  }
  require(
      one.sinks == 0,
      "cache: a cache that grows keeps the same number of every packed row, got {} sinks, which "
      "keep everything; a cache packed at once takes them",
      one.sinks);
}

DeviceResult run(const Case& one, const inputs::KvTensors& inputs, Device& device,
                 const DeviceRunHooks& hooks) {
  require_growable(one);
  const AttentionBuffers buffers(one, inputs, device);
  const FilledCache cache(one, inputs, buffers.kv_lengths.data(), device);
  const cache::CacheView& view = cache.view;
  attention::DecodeProblem problem = chunk_problem(one);
  problem.queries = buffers.queries.data();
  problem.kv_lengths = view.kv_lengths;
  problem.keys.chunks = view.key_chunks;
  problem.values.chunks = view.value_chunks;
  problem.keys.offsets = cache.keys.pack.offsets;
  problem.values.offsets = cache.values.pack.offsets;
  problem.chunk_capacity = view.chunk_capacity;
  problem.window_keys = view.window_keys;
  problem.window_values = view.window_values;
  problem.window_capacity = view.window_capacity;
  problem.outputs = buffers.outputs.data();
  problem.log_sum_exps = buffers.log_sum_exps.data();
  const attention::DecodePlan plan = attention::make_plan(problem, device.info(), one.blocks);
  const auto workspace = make_workspace(device, attention::workspace_bytes(problem, plan));
  problem.workspace = workspace.data();
  if (hooks.before_decode) hooks.before_decode(device, problem);
  attention::launch(problem, plan, device);
  device.synchronize();

  DeviceResult result;
  result.plan = attention::describe(plan);
  buffers.download(result);
  result.chunk_capacity = view.chunk_capacity;
  result.packed_keys = download_operand(one, Operand::kKeys, cache, device);
  result.packed_values = download_operand(one, Operand::kValues, cache, device);
  if (hooks.finished && !one.appended) {
    hooks.finished({{"pack_keys", [&] { compress::launch(cache.keys.pack, device); }},
                    {"pack_values", [&] { compress::launch(cache.values.pack, device); }},
                    {"decode", [&] { attention::launch(problem, plan, device); }}});
  }
  return result;
}

Resources resources(const Case& one, const DeviceInfo& device) {
  require_growable(one);
  const attention::DecodeProblem problem = chunk_problem(one);
  attention::validate(problem);
  for (const Operand operand : {Operand::kKeys, Operand::kValues})
    compress::validate(pack_problem(one, operand));
  const attention::DecodePlan plan = attention::make_plan(problem, device, one.blocks);
  const std::int64_t workspace = attention::workspace_bytes(problem, plan);
  const auto count = [](std::int64_t number) { return static_cast<std::uint64_t>(number); };
  const std::int64_t heads = std::int64_t{one.batch} * one.kv_heads;
  const std::int64_t elements = heads * one.max_kv_len() * one.head_dim;
  std::int64_t chunks = 0;
  for (const Operand operand : {Operand::kKeys, Operand::kValues})
    chunks += room_bytes(one, operand) + offset_count(one, operand) * 4;
  const std::int64_t rings = heads * ring_capacity(one) * one.head_dim * 2 * 2;
  const std::int64_t queries = attention_buffer_bytes(one);
  return {.plan = attention::describe(plan),
          .launch = launch_of(one, plan, workspace),
          .device_bytes = count(elements * 2 * 2 + chunks + rings + queries + workspace),
          // Inputs as f32, one side's 16-bit copy at a time, and the chunks read back.
          .host_bytes = count(elements * (4 * 2 + 2) + chunks + queries * 2)};
}

KernelResult compare_prepared(std::string_view kernel, const Case& one,
                              const inputs::KvTensors& inputs, const DeviceResult& result) {
  return compare_pack(one, kernel == "pack_keys" ? Operand::kKeys : Operand::kValues, inputs,
                      result);
}

/// What the chunks of one side take: exact where rows keep the same count; elsewhere what they take
/// on average, without the ties that `published` keeps besides.
FormatBytes chunk_bytes(const Case& one, Operand operand) {
  const TokenCount tokens = count_tokens(one);
  const std::int64_t chunks = tokens.compressed / lane_chunk::kTokens;
  if (!has_offsets(one, operand)) {
    const auto bytes = lane_chunk::count_bytes(one.head_dim, one.kept(operand), chunks);
    return {.values = bytes.values,
            .indices = bytes.bitmaps,
            .offsets = bytes.headers,
            .padding = bytes.padding};
  }
  const std::int64_t whole_rows = tokens.compressed - tokens.pruned;
  const bool full = one.kept(operand) == one.head_dim;
  constexpr std::int64_t slot_padding = lane_chunk::kLanes * (lane_chunk::kSlotElements - 1);
  constexpr std::int64_t end_padding = (variable_rows::kOffsetBytes - lane_chunk::kSlotBytes) / 2;
  return {.values = kElementBytes * (tokens.pruned * one.kept(operand) + whole_rows * one.head_dim),
          .indices = chunks * lane_chunk::bitmap_bytes(one.head_dim),
          .offsets = chunks * lane_chunk::kHeaderBytes + offset_count(one, operand) * 4,
          .padding = chunks * ((full ? 0 : slot_padding * kElementBytes / 2) + end_padding)};
}

traces::Bytes cache_bytes(std::string_view kernel, const Case& one) {
  const auto count = [](std::int64_t bytes) { return static_cast<std::uint64_t>(bytes); };
  const FormatBytes keys =
      kernel == "pack_values" ? FormatBytes{} : chunk_bytes(one, Operand::kKeys);
  const FormatBytes values =
      kernel == "pack_keys" ? FormatBytes{} : chunk_bytes(one, Operand::kValues);
  const std::int64_t sides = attends(kernel) ? 2 : 1;
  return {.key_values = count(keys.values),
          .value_values = count(values.values),
          .key_bitmaps = count(keys.indices),
          .value_bitmaps = count(values.indices),
          .indices = count(keys.offsets + values.offsets),
          .padding = count(keys.padding + values.padding),
          .window = count(sides * count_tokens(one).dense * one.head_dim * kElementBytes),
          .dense = count(sides * dense_bytes(one) / 2)};
}

}  // namespace

Method lane_chunk_method() {
  constexpr Storage storage{"", "lane_chunk"};
  return {.name = "lane_chunk",
          .summary = "any rule, bitmap and lane streams",
          .kernels = {"pack_keys", "pack_values", "decode"},
          .keys = storage,
          .values = storage,
          .why_not_on = runs_everywhere,
          .heeded = [](Case one) { return one; },
          .pruned_tokens = pruned_tokens,
          .masks = chunk_masks,
          .resources = resources,
          .run = run,
          .compare_prepared = compare_prepared,
          .cache_bytes = cache_bytes};
}

}  // namespace kvroof::validate
