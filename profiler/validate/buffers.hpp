// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/device.hpp"
#include "profiler/inputs/dtype.hpp"
#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/case.hpp"
#include "profiler/validate/device_run.hpp"

// Device memory of a run, and how it gets there.
namespace kvroof::validate {

inline constexpr std::byte kPoison{0xff};  // a NaN in f16, bf16 and f32

inline std::vector<std::uint16_t> stored_bits(inputs::Dtype dtype,
                                              const std::vector<float>& values) {
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

/// Zeroed, as kernels want their workspace.
inline DeviceBuffer<std::byte> make_workspace(Device& device, std::int64_t bytes) {
  DeviceBuffer<std::byte> workspace(device, static_cast<std::size_t>(bytes), "workspace");
  workspace.fill(std::byte{0});
  return workspace;
}

/// Of every sequence.
std::vector<std::int32_t> all_lengths(const Case& one);

/// What every attention kernel reads besides the cache, and what it writes: poisoned at first.
struct AttentionBuffers {
  AttentionBuffers(const Case& one, const inputs::KvTensors& inputs, Device& device);
  void download(DeviceResult& result) const;

  DeviceBuffer<std::int32_t> kv_lengths;
  DeviceBuffer<std::uint16_t> queries, outputs;
  DeviceBuffer<float> log_sum_exps;
};

/// Bytes of AttentionBuffers.
std::int64_t attention_buffer_bytes(const Case& one);

}  // namespace kvroof::validate
