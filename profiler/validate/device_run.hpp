// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/attention/problem.hpp"
#include "kernels/baselines/cublas/problem.hpp"
#include "kernels/baselines/dense/problem.hpp"
#include "kernels/baselines/mustafar/problem.hpp"
#include "kernels/device.hpp"
#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/case.hpp"

namespace kvroof::validate {

/// Chunks of K or V of every (sequence, kv head).
struct PackedOperand {
  /// [batch, kv_heads, chunk_capacity, chunk_bytes(head_dim, kept)], or, behind offsets, one after
  /// the other.
  std::vector<std::byte> chunks;
  /// [batch, kv_heads, chunk_capacity + 1] (format/variable_rows.hpp), or empty.
  std::vector<std::uint32_t> offsets;
  bool operator==(const PackedOperand&) const = default;
};

/// What the kernels left in device memory, as host arrays.
struct DeviceResult {
  std::string plan;  // of the attention kernel, for people
  int chunk_capacity = 0;
  PackedOperand packed_keys, packed_values;  // empty where nothing is packed
  std::vector<std::uint16_t> outputs;        // [batch, query_heads, head_dim], bits of value_type
  std::vector<float> log_sum_exps;           // [batch, query_heads]
};

/// A kernel that has run and can be launched again: its arrays are still there.
struct Relaunch {
  std::string_view kernel;  // as records name it
  std::function<void()> launch;
};

/// Steps at which somebody else has the word: a test may tamper with what the next kernel will see,
/// a measurement may launch again what has run.
struct DeviceRunHooks {
  std::function<void(Device&, attention::DecodeProblem&)> before_decode{};
  std::function<void(Device&, cublas::Problem&)> before_cublas{};
  std::function<void(Device&, dense::DenseProblem&)> before_dense{};
  std::function<void(Device&, mustafar::Problem&)> before_mustafar{};
  std::function<void(const std::vector<Relaunch>&)> finished{};  // after the last kernel
};

/// Runs a case by its method (method.hpp) on `device`: the dense `inputs` are stored as the method
/// wants them, then one decode step runs. Memory that the kernels must not read is poisoned with
/// NaN on CUDA and left uninitialised in the simulator, whose check reports any read; outputs are
/// poisoned on both. Throws as the launch functions do.
DeviceResult run_on_device(const Case& one, const inputs::KvTensors& inputs, Device& device,
                           const DeviceRunHooks& hooks = {});

}  // namespace kvroof::validate
