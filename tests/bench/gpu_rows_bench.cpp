// SPDX-License-Identifier: Apache-2.0
// The sparse decode at every head_dim and group, and over rows of any length. Chunks are encoded on
// the host: one head row, repeated over the cache, is random to every launch and quick to make.

#include <fmt/format.h>

#include <cmath>
#include <span>
#include <vector>

#include "kernels/attention/launch.hpp"
#include "kernels/format/kept.hpp"
#include "kernels/format/variable_rows.hpp"
#include "reference/prune.hpp"
#include "tests/bench/gpu_tools.hpp"

namespace kvroof::bench {
namespace {

constexpr int kBatch = 64, kKvHeads = 8, kWindow = 32;
constexpr int kChunks = 64;  // of a head row
constexpr int kTokens = kChunks * lane_chunk::kTokens;

struct RowShape {
  int head_dim;
  int group;
  double sparsity;
  bool variable;  // behind offsets
  int kept() const { return kept_from_sparsity(head_dim, sparsity); }
};

/// K or V of one head row, each row's largest elements, as chunks.
variable_rows::EncodedRows encode_head_row(const RowShape& shape, Operand operand) {
  const inputs::SyntheticConfig config{.kv_len = kTokens, .head_dim = shape.head_dim, .seed = 1};
  const auto elements =
      static_cast<std::size_t>(kTokens) * static_cast<std::size_t>(shape.head_dim);
  std::vector<float> values(elements);
  operand == Operand::kKeys ? inputs::generate_keys(config, {0, 0, 0}, values)
                            : inputs::generate_values(config, {0, 0, 0}, values);
  reference::Matrix rows(kTokens, shape.head_dim);
  std::copy(values.begin(), values.end(), rows.data());
  const reference::Mask chosen = reference::prune_per_token_magnitude(rows, shape.kept());
  const std::vector<std::uint8_t> mask(chosen.data(), chosen.data() + chosen.size());
  std::vector<std::uint16_t> bits;
  for (const float value : values) bits.push_back(inputs::to_bits(inputs::Dtype::kF16, value));
  if (shape.variable) return variable_rows::encode(operand, shape.head_dim, bits, mask);

  variable_rows::EncodedRows encoded;
  const auto bytes =
      static_cast<std::size_t>(lane_chunk::chunk_bytes(shape.head_dim, shape.kept()));
  const std::size_t chunk_elements = elements / kChunks;
  encoded.chunks.resize(kChunks * bytes);
  for (std::size_t chunk = 0; chunk < kChunks; ++chunk) {
    lane_chunk::encode(operand, shape.head_dim, shape.kept(),
                       std::span(bits).subspan(chunk * chunk_elements, chunk_elements),
                       std::span(mask).subspan(chunk * chunk_elements, chunk_elements),
                       std::span(encoded.chunks).subspan(chunk * bytes, bytes));
  }
  return encoded;
}

/// A head row repeated for all of the batch.
struct RepeatedOperand {
  RepeatedOperand(CudaDevice& device, const RowShape& shape, Operand side) {
    const auto head_row = encode_head_row(shape, side);
    constexpr std::size_t head_rows = kBatch * kKvHeads;
    chunks = DeviceBuffer<std::byte>(device, head_rows * head_row.chunks.size(), "chunks");
    for (std::size_t row = 0; row < head_rows; ++row) {
      device.copy_to_device(chunks.data() + row * head_row.chunks.size(), head_row.chunks.data(),
                            head_row.chunks.size());
    }
    std::vector<std::uint32_t> all;
    const auto units = head_row.chunks.size() / variable_rows::kOffsetBytes;
    for (std::size_t row = 0; row < head_rows; ++row) {
      for (const std::uint32_t offset : head_row.offsets)
        all.push_back(static_cast<std::uint32_t>(row * units) + offset);
    }
    offsets = DeviceBuffer<std::uint32_t>(device, all.size(), "offsets");
    offsets.upload(all);
    operand = {chunks.data(), shape.kept(), all.empty() ? nullptr : offsets.data()};
  }
  DeviceBuffer<std::byte> chunks;
  DeviceBuffer<std::uint32_t> offsets;
  attention::CompressedOperand operand;
};

void decode_rows(benchmark::State& state, CudaDevice& device, const RowShape& shape) {
  const RepeatedOperand keys(device, shape, Operand::kKeys);
  const RepeatedOperand values(device, shape, Operand::kValues);
  const auto queries = synthetic_rows(
      device, false, static_cast<std::size_t>(kBatch * kKvHeads * shape.group * shape.head_dim), 8);
  const auto window = synthetic_rows(
      device, false, static_cast<std::size_t>(kBatch * kKvHeads * shape.head_dim) * (kWindow + 63),
      7);
  DeviceBuffer<std::int32_t> lengths(device, kBatch, "lengths");
  lengths.upload(std::vector<std::int32_t>(kBatch, kTokens + kWindow));
  const DeviceBuffer<std::uint16_t> outputs(device, queries.size(), "outputs");
  attention::DecodeProblem problem{
      .batch = kBatch,
      .query_heads = kKvHeads * shape.group,
      .kv_heads = kKvHeads,
      .head_dim = shape.head_dim,
      .softmax_scale = 1.0f / std::sqrt(static_cast<float>(shape.head_dim)),
      .queries = queries.data(),
      .kv_lengths = lengths.data(),
      .max_kv_len = kTokens + kWindow,
      .keys = keys.operand,
      .values = values.operand,
      .chunk_capacity = kChunks,
      .window_keys = window.data(),
      .window_values = window.data(),
      .window = kWindow,
      .window_capacity = kWindow + 63,
      .outputs = outputs.data()};
  const attention::DecodePlan plan = attention::make_plan(problem, device.info());
  DeviceBuffer<std::byte> workspace(
      device, static_cast<std::size_t>(attention::workspace_bytes(problem, plan)), "workspace");
  workspace.fill(std::byte{0});
  problem.workspace = workspace.data();
  // One cache: it is several times as large as the L2.
  time_launches(state, device, 1, [&](int) { attention::launch(problem, plan, device); });
  const double rows = 2.0 * kBatch * kKvHeads * kTokens;
  state.counters["floor_B_per_s"] = rate(rows * (2.0 * shape.kept() + shape.head_dim / 8));
  state.counters["dense_B_per_s"] = rate(rows * 2.0 * shape.head_dim);
  state.SetLabel(attention::describe(plan));
}

}  // namespace

void register_rows(CudaDevice& device) {
  for (const bool variable : {false, true}) {
    for (const int head_dim : {64, 128, 256}) {
      for (const int group : {4, 8, 16}) {
        for (const double sparsity : {0.5, 0.7}) {
          if (variable && group != 4) continue;
          const RowShape shape{head_dim, group, sparsity, variable};
          add(fmt::format("rows/head_dim:{}/group:{}/kept:{}{}", head_dim, group, shape.kept(),
                          variable ? "/variable" : ""),
              [&device, shape](benchmark::State& state) { decode_rows(state, device, shape); });
        }
      }
    }
  }
}

}  // namespace kvroof::bench
