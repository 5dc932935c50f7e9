// SPDX-License-Identifier: Apache-2.0
// Any rule in Mustafar's tiles, encoded on the host, by its pipeline.

#include <fmt/format.h>

#include <cmath>

#include "kernels/baselines/mustafar/launch.hpp"
#include "kernels/baselines/mustafar/tile.hpp"
#include "profiler/validate/attention_method.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/pruned_cache.hpp"
#include "profiler/validate/rules.hpp"

namespace kvroof::validate {
namespace {

std::int64_t tile_capacity(const Case& one) {
  return mustafar::tiles(compressed_capacity(one), one.head_dim);
}

/// The pipeline as the kernels' own rules see it, with addresses that are only looked at.
mustafar::Problem decode_problem(const Case& one) {
  const mustafar::TileOperand operand{stand_in<std::uint64_t>(), stand_in<std::int32_t>(),
                                      stand_in<std::uint16_t>(), stand_in<std::int32_t>()};
  return {.batch = one.batch,
          .query_heads = one.query_heads,
          .kv_heads = one.kv_heads,
          .head_dim = one.head_dim,
          .value_type = one.value_type,
          .softmax_scale = static_cast<float>(1.0 / std::sqrt(one.head_dim)),
          .queries = stand_in<void>(),
          .kv_lengths = stand_in<std::int32_t>(),
          .max_kv_len = one.max_kv_len(),
          .keys = operand,
          .values = operand,
          .tile_capacity = static_cast<int>(tile_capacity(one)),
          .window_keys = stand_in<void>(),
          .window_values = stand_in<void>(),
          .window = one.window,
          .window_capacity = ring_capacity(one),
          .outputs = stand_in<void>(),
          .log_sum_exps = stand_in<float>(),
          .workspace = stand_in<void>()};
}

/// Tiles of K or V of all heads; what lies behind a shorter sequence's is never written.
class Tiles {
 public:
  Tiles(const Case& one, Device& device)
      : device_(device),
        capacity_(static_cast<std::size_t>(tile_capacity(one))),
        bitmaps_(allocate<std::uint64_t>(device, heads(one) * capacity_, "bitmaps")),
        offsets_(allocate<std::int32_t>(device, heads(one) * (capacity_ + 1), "tile offsets")) {}

  void append(const ChosenRows& rows) {
    const mustafar::EncodedHead head =
        mustafar::encode(rows.operand, rows.head_dim, rows.survivors());
    const std::size_t index = head_offsets_host_.size();
    device_.copy_to_device(bitmaps_.data() + index * capacity_, head.bitmaps.data(),
                           head.bitmaps.size() * sizeof(std::uint64_t));
    device_.copy_to_device(offsets_.data() + index * (capacity_ + 1), head.offsets.data(),
                           head.offsets.size() * sizeof(std::int32_t));
    head_offsets_host_.push_back(
        static_cast<std::int32_t>(values_host_.size() / mustafar::kPadValues));
    values_host_.insert(values_host_.end(), head.values.begin(), head.values.end());
  }
  mustafar::TileOperand finish() {
    values_ = upload(device_, values_host_, "tile values");
    head_offsets_ = upload(device_, head_offsets_host_, "head offsets");
    return {bitmaps_.data(), offsets_.data(), values_.data(), head_offsets_.data()};
  }

 private:
  static std::size_t heads(const Case& one) {
    return static_cast<std::size_t>(one.batch) * static_cast<std::size_t>(one.kv_heads);
  }

  Device& device_;
  std::size_t capacity_;
  DeviceBuffer<std::uint64_t> bitmaps_;
  DeviceBuffer<std::int32_t> offsets_, head_offsets_;
  DeviceBuffer<std::uint16_t> values_;
  std::vector<std::uint16_t> values_host_;
  std::vector<std::int32_t> head_offsets_host_;
};

Tiles encode_side(const Case& one, Operand side, const inputs::KvTensors& inputs, Device& device) {
  const std::vector<std::uint64_t> bitmaps = prune_on_device(one, side, inputs, device);
  Tiles tiles(one, device);
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    for (int kv_head = 0; kv_head < one.kv_heads; ++kv_head) {
      tiles.append(chosen_rows(one, inputs, side, sequence, kv_head,
                               to_mask(one, bitmaps, sequence, kv_head)));
    }
  }
  return tiles;
}

std::string plan_text(const Case& one) {
  return fmt::format("{} x {} key blocks x {} warps, softmax, {} value blocks x {} warps",
                     one.query_heads * one.batch, mustafar::key_blocks(one.max_kv_len()),
                     mustafar::kKeyWarps, one.query_heads * one.batch,
                     mustafar::value_warps(one.head_dim));
}

DeviceResult run(const Case& one, const inputs::KvTensors& inputs, Device& device,
                 const DeviceRunHooks& hooks) {
  const AttentionBuffers buffers(one, inputs, device);
  Tiles keys = encode_side(one, Operand::kKeys, inputs, device);
  Tiles values = encode_side(one, Operand::kValues, inputs, device);
  const auto window_keys =
      upload_ring(one, stored_bits(inputs.dtype, inputs.keys), "window keys", device);
  const auto window_values =
      upload_ring(one, stored_bits(inputs.dtype, inputs.values), "window values", device);
  mustafar::Problem problem = decode_problem(one);
  problem.queries = buffers.queries.data();
  problem.kv_lengths = buffers.kv_lengths.data();
  problem.keys = keys.finish();
  problem.values = values.finish();
  problem.window_keys = window_keys.data();
  problem.window_values = window_values.data();
  problem.outputs = buffers.outputs.data();
  problem.log_sum_exps = buffers.log_sum_exps.data();
  const auto workspace = allocate<std::byte>(
      device, static_cast<std::size_t>(mustafar::workspace_bytes(problem)), "workspace");
  problem.workspace = workspace.data();
  if (hooks.before_mustafar) hooks.before_mustafar(device, problem);
  mustafar::launch(problem, device);
  device.synchronize();

  DeviceResult result;
  result.plan = plan_text(one);
  buffers.download(result);
  if (hooks.finished) hooks.finished({{"mustafar", [&] { mustafar::launch(problem, device); }}});
  return result;
}

/// The most that a tile takes: its values, padding, bitmap and offset.
constexpr std::int64_t kTileBytes = mustafar::kTile * kElementBytes + 8 + 4;

Resources resources(const Case& one, const DeviceInfo&) {
  const mustafar::Problem problem = decode_problem(one);
  mustafar::validate(problem);
  const std::int64_t workspace = mustafar::workspace_bytes(problem);
  const std::int64_t heads = std::int64_t{one.batch} * one.kv_heads;
  const std::int64_t elements = heads * one.max_kv_len() * one.head_dim;
  const std::int64_t tiles = 2 * heads * tile_capacity(one) * kTileBytes;
  const std::int64_t rings = 2 * heads * ring_capacity(one) * one.head_dim * kElementBytes;
  const std::int64_t device_bytes = tiles + rings + attention_buffer_bytes(one) + workspace;
  return {.plan = plan_text(one),
          .launch = {.grid = {mustafar::key_blocks(one.max_kv_len()), one.query_heads, one.batch},
                     .block = {32 * mustafar::kKeyWarps, 1, 1},
                     .shared_bytes = mustafar::kKeyWarps * sizeof(mustafar::ExpandedTiles),
                     .workspace_bytes = static_cast<std::uint64_t>(workspace)},
          .device_bytes = static_cast<std::uint64_t>(device_bytes),
          // Inputs as f32, one side's 16-bit copy at a time, and the tiles before they are copied.
          .host_bytes = static_cast<std::uint64_t>(elements * (4 * 2 + kElementBytes) + tiles)};
}

/// Padding of tiles whose counts vary: half a unit less half a value on average. Full tiles need
/// none.
std::int64_t expected_padding(const Case& one, int kept, std::int64_t tiles) {
  return kept == one.head_dim ? 0 : tiles * (mustafar::kPadValues - 1) * kElementBytes / 2;
}

traces::Bytes cache_bytes(std::string_view, const Case& one) {
  const auto count = [](std::int64_t bytes) { return static_cast<std::uint64_t>(bytes); };
  const TokenCount tokens = count_tokens(one);
  const std::int64_t tiles = mustafar::tiles(tokens.compressed, one.head_dim);
  const std::int64_t heads = std::int64_t{one.batch} * one.kv_heads;
  const auto bitmaps = count(tiles * static_cast<std::int64_t>(sizeof(std::uint64_t)));
  return {
      .key_values = count(tokens.compressed * one.kept_keys * kElementBytes),
      .value_values = count(tokens.compressed * one.kept_values * kElementBytes),
      .key_bitmaps = bitmaps,
      .value_bitmaps = bitmaps,
      .indices = count(2 * (tiles + 2 * heads) * static_cast<std::int64_t>(sizeof(std::int32_t))),
      .padding = count(expected_padding(one, one.kept_keys, tiles) +
                       expected_padding(one, one.kept_values, tiles)),
      .window = count(2 * tokens.dense * one.head_dim * kElementBytes),
      .dense = count(dense_bytes(one))};
}

}  // namespace

Method mustafar_method() {
  constexpr Storage storage{"", "mustafar_tiles"};
  return {.name = "mustafar",
          .summary = "any rule in Mustafar's tiles, by its three kernels",
          .kernels = {"mustafar"},
          .keys = storage,
          .values = storage,
          .why_not_on = runs_everywhere,
          .heeded =
              [](Case one) {
                one.blocks = 0;
                one.appended.reset();
                return one;
              },
          .pruned_tokens = compressed_tokens,
          .masks = chunk_masks,
          .resources = resources,
          .run = run,
          .compare_prepared = nullptr,
          .cache_bytes = cache_bytes};
}

}  // namespace kvroof::validate
