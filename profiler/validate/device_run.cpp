// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/device_run.hpp"

#include <cmath>

#include "kernels/attention/launch.hpp"
#include "kernels/compress/launch.hpp"
#include "kernels/format/lane_chunk.hpp"

namespace kvroof::validate {
namespace {

constexpr std::byte kPoison{0xff};  // a NaN in f16, bf16 and f32

std::vector<std::uint16_t> stored_bits(inputs::Dtype dtype, const std::vector<float>& values) {
  std::vector<std::uint16_t> bits(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) bits[i] = inputs::to_bits(dtype, values[i]);
  return bits;
}

/// Allocates and, where nothing reports reads of memory nobody wrote, poisons.
template <class T>
DeviceBuffer<T> allocate(Device& device, std::size_t count, std::string_view name) {
  DeviceBuffer<T> buffer(device, count, name);
  if (device.backend() == Backend::kCuda) buffer.fill(kPoison);
  return buffer;
}

template <class T>
DeviceBuffer<T> upload(Device& device, const std::vector<T>& source, std::string_view name) {
  DeviceBuffer<T> buffer(device, source.size(), name);
  buffer.upload(source);
  return buffer;
}

/// One operand of the cache on the device.
struct OperandBuffers {
  DeviceBuffer<std::uint16_t>
      rows;  // [batch, kv_heads, kv_len, head_dim], dense source of the pack kernel
  DeviceBuffer<std::byte> chunks;
  DeviceBuffer<std::uint16_t> window;  // ring
};

/// Copies the tokens of the dense window to their rows of the ring.
void fill_window(const Case& one, int window_capacity, const std::vector<std::uint16_t>& rows,
                 Device& device, DeviceBuffer<std::uint16_t>& ring) {
  const auto head_dim = static_cast<std::size_t>(one.head_dim);
  const auto kv_len = static_cast<std::size_t>(one.max_kv_len());
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    const int length = one.kv_length(sequence);
    for (int head = 0; head < one.kv_heads; ++head) {
      const auto row = static_cast<std::size_t>(sequence * one.kv_heads + head);
      for (int token = attention::compressed_tokens(length, one.window); token < length; ++token) {
        const auto ring_row = static_cast<std::size_t>(token % window_capacity);
        device.copy_to_device(
            ring.data() + (row * static_cast<std::size_t>(window_capacity) + ring_row) * head_dim,
            rows.data() + (row * kv_len + static_cast<std::size_t>(token)) * head_dim,
            head_dim * 2);
      }
    }
  }
}

OperandBuffers pack_operand(const Case& one, Operand operand,
                            const std::vector<std::uint16_t>& rows, const std::int32_t* kv_lengths,
                            int chunk_capacity, int window_capacity, Device& device) {
  const bool keys = operand == Operand::kKeys;
  const int kept = keys ? one.kept_keys : one.kept_values;
  const auto heads = static_cast<std::size_t>(one.batch * one.kv_heads);
  const auto chunk_bytes = static_cast<std::size_t>(lane_chunk::chunk_bytes(one.head_dim, kept));
  OperandBuffers buffers{
      upload(device, rows, keys ? "dense keys" : "dense values"),
      allocate<std::byte>(device, heads * static_cast<std::size_t>(chunk_capacity) * chunk_bytes,
                          keys ? "key chunks" : "value chunks"),
      allocate<std::uint16_t>(device,
                              heads * static_cast<std::size_t>(window_capacity * one.head_dim),
                              keys ? "window keys" : "window values")};
  compress::launch({.batch = one.batch,
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
                    .chunk_capacity = chunk_capacity},
                   device);
  fill_window(one, window_capacity, rows, device, buffers.window);
  return buffers;
}

}  // namespace

DeviceResult run_on_device(const Case& one, const inputs::KvTensors& inputs, Device& device,
                           const DeviceRunHooks& hooks) {
  check(one);
  std::vector<std::int32_t> lengths;
  for (int sequence = 0; sequence < one.batch; ++sequence)
    lengths.push_back(one.kv_length(sequence));
  const auto kv_lengths = upload(device, lengths, "kv_lengths");
  const auto queries = upload(device, stored_bits(inputs.dtype, inputs.queries), "queries");

  DeviceResult result;
  result.chunk_capacity =
      attention::compressed_tokens(one.max_kv_len(), one.window) / lane_chunk::kTokens;
  const int window_capacity = one.window + lane_chunk::kTokens - 1;
  const OperandBuffers keys =
      pack_operand(one, Operand::kKeys, stored_bits(inputs.dtype, inputs.keys), kv_lengths.data(),
                   result.chunk_capacity, window_capacity, device);
  const OperandBuffers values =
      pack_operand(one, Operand::kValues, stored_bits(inputs.dtype, inputs.values),
                   kv_lengths.data(), result.chunk_capacity, window_capacity, device);

  const auto query_rows = static_cast<std::size_t>(one.batch * one.query_heads);
  DeviceBuffer<std::uint16_t> outputs(device, query_rows * static_cast<std::size_t>(one.head_dim),
                                      "outputs");
  DeviceBuffer<float> log_sum_exps(device, query_rows, "log_sum_exps");
  outputs.fill(kPoison);
  log_sum_exps.fill(kPoison);

  attention::DecodeProblem problem{
      .batch = one.batch,
      .query_heads = one.query_heads,
      .kv_heads = one.kv_heads,
      .head_dim = one.head_dim,
      .value_type = one.value_type,
      .softmax_scale = static_cast<float>(1.0 / std::sqrt(one.head_dim)),
      .queries = queries.data(),
      .kv_lengths = kv_lengths.data(),
      .max_kv_len = one.max_kv_len(),
      .keys = {keys.chunks.data(), one.kept_keys},
      .values = {values.chunks.data(), one.kept_values},
      .chunk_capacity = result.chunk_capacity,
      .window_keys = keys.window.data(),
      .window_values = values.window.data(),
      .window = one.window,
      .window_capacity = window_capacity,
      .outputs = outputs.data(),
      .log_sum_exps = log_sum_exps.data()};
  result.plan = attention::make_plan(problem, device.info(), one.blocks);
  DeviceBuffer<std::byte> workspace(
      device, static_cast<std::size_t>(attention::workspace_bytes(problem, result.plan)),
      "workspace");
  workspace.fill(std::byte{0});
  problem.workspace = workspace.data();
  if (hooks.before_decode) hooks.before_decode(device, problem);
  attention::launch(problem, result.plan, device);
  device.synchronize();

  result.key_chunks.resize(keys.chunks.size());
  result.value_chunks.resize(values.chunks.size());
  result.outputs.resize(outputs.size());
  result.log_sum_exps.resize(log_sum_exps.size());
  outputs.download(result.outputs);
  log_sum_exps.download(result.log_sum_exps);
  // Chunks that no sequence of this batch reaches stay unwritten: copy only what a length says is
  // there.
  const auto download_chunks = [&](const DeviceBuffer<std::byte>& chunks, int kept,
                                   std::vector<std::byte>& target) {
    const auto chunk_bytes = static_cast<std::size_t>(lane_chunk::chunk_bytes(one.head_dim, kept));
    const std::size_t row_bytes = static_cast<std::size_t>(result.chunk_capacity) * chunk_bytes;
    for (int row = 0; row < one.batch * one.kv_heads; ++row) {
      const int tokens =
          attention::compressed_tokens(one.kv_length(row / one.kv_heads), one.window);
      const std::size_t first = static_cast<std::size_t>(row) * row_bytes;
      const std::size_t bytes =
          static_cast<std::size_t>(tokens / lane_chunk::kTokens) * chunk_bytes;
      if (bytes > 0) device.copy_to_host(target.data() + first, chunks.data() + first, bytes);
    }
  };
  download_chunks(keys.chunks, one.kept_keys, result.key_chunks);
  download_chunks(values.chunks, one.kept_values, result.value_chunks);
  return result;
}

}  // namespace kvroof::validate
