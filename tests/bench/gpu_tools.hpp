// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"
#include "profiler/inputs/synthetic.hpp"
#include "profiler/measure/gpu_measurement.hpp"
#include "profiler/measure/gpu_timer.hpp"

// What the benchmarks of CUDA kernels share.
namespace kvroof::bench {

inline constexpr int kGraphLaunches = 20;  // at least
inline constexpr int kHeadDim = 128;

using measure::EventTimer;

/// The rows of one synthetic head, [4096, 128] of f16, made once.
inline const std::vector<std::uint16_t>& synthetic_head(bool keys, std::uint64_t seed) {
  static std::map<std::pair<bool, std::uint64_t>, std::vector<std::uint16_t>> heads;
  std::vector<std::uint16_t>& bits = heads[{keys, seed}];
  if (!bits.empty()) return bits;
  const inputs::SyntheticConfig config{.kv_len = 4096, .head_dim = 128, .seed = seed};
  std::vector<float> rows(static_cast<std::size_t>(config.kv_len * config.head_dim));
  keys ? inputs::generate_keys(config, {0, 0, 0}, rows)
       : inputs::generate_values(config, {0, 0, 0}, rows);
  bits.resize(rows.size());
  std::transform(rows.begin(), rows.end(), bits.begin(),
                 [](float value) { return inputs::to_bits(inputs::Dtype::kF16, value); });
  return bits;
}

/// Those rows, repeated over the buffer from device to device: random to every launch and quick to
/// make.
inline DeviceBuffer<std::uint16_t> synthetic_rows(CudaDevice& device, bool keys,
                                                  std::size_t elements, std::uint64_t seed) {
  const std::vector<std::uint16_t>& bits = synthetic_head(keys, seed);
  DeviceBuffer<std::uint16_t> buffer(device, elements, "rows");
  buffer.upload(bits);
  for (std::size_t filled = std::min(bits.size(), elements); filled < elements;) {
    const std::size_t count = std::min(filled, elements - filled);
    KVROOF_CUDA_CHECK(cudaMemcpyAsync(buffer.data() + filled, buffer.data(), count * 2,
                                      cudaMemcpyDeviceToDevice, device.stream()));
    filled += count;
  }
  device.synchronize();
  return buffer;
}

/// Bytes per second as a counter that the console prints in GB/s.
inline benchmark::Counter rate(double bytes) {
  return {bytes, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000};
}

/// How many caches of `set_bytes` launches must rotate over to meet a cold L2.
inline int cold_sets(const CudaDevice& device, std::int64_t set_bytes) {
  return measure::copies_for_cold_l2(static_cast<double>(set_bytes), device.info());
}

/// Times `launch(set)` for sets 0 .. sets - 1 in turn, as one replayed graph of at least
/// kGraphLaunches launches; an iteration's time is that per launch.
template <class Launch>
void time_launches(benchmark::State& state, CudaDevice& device, int sets, Launch&& launch) {
  const int launches = (kGraphLaunches + sets - 1) / sets * sets;
  measure::LaunchGraph graph(device, [&] {
    for (int i = 0; i < launches; ++i) launch(i % sets);
  });
  EventTimer timer(device);
  timer.seconds([&] { graph.replay(); });  // warm-up
  for ([[maybe_unused]] auto iteration : state)
    state.SetIterationTime(timer.seconds([&] { graph.replay(); }) / launches);
}

/// What the samples of a benchmark share. Google Benchmark calls its function anew for each of
/// them, and caches of gigabytes take longer to make than to read.
struct Prepared {
  std::string of, wanted_by;  // names of benchmarks
  std::shared_ptr<void> data;
};
inline Prepared& prepared() {
  static Prepared one;
  return one;
}
/// make()'s result of the first sample; gone when another benchmark begins.
template <class Make>
auto& prepare(Make&& make) {
  using Data = std::invoke_result_t<Make>;
  Prepared& last = prepared();
  if (last.of != last.wanted_by) {
    last.of.clear();
    last.data.reset();
    last.data = std::shared_ptr<Data>(new Data(make()));
    last.of = last.wanted_by;
  }
  return *static_cast<Data*>(last.data.get());
}

/// A benchmark of as many samples as --benchmark_repetitions says (gpu_bench.cpp: 30).
template <class Run>
void add(const std::string& name, Run&& run) {
  const auto sample = [name, run](benchmark::State& state) {
    prepared().wanted_by = name;
    run(state);
  };
  benchmark::RegisterBenchmark(name.c_str(), sample)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond)
      ->Iterations(1);
}

/// Of a decode with head_dim kHeadDim.
struct Shape {
  int batch, kv_len;
  int query_heads = 32, kv_heads = 8;  // Llama-3-8B

  std::string name() const {
    return fmt::format("batch:{}/kv_len:{}/heads:{}:{}/head_dim:{}", batch, kv_len, query_heads,
                       kv_heads, kHeadDim);
  }
};
inline constexpr Shape kShapes[] = {
    {8, 32768}, {32, 8192}, {64, 4096},        {8, 4096},         {1, 32768},
    {1, 4096},  {1, 1024},  {8, 8192, 32, 32}, {8, 32768, 16, 8}, {8, 32768, 64, 8}};

/// Registers the benchmarks of unpruned decodes.
void register_dense(CudaDevice& device);
/// Registers the benchmarks of caches pruned by other rules.
void register_baselines(CudaDevice& device);
/// Registers the benchmarks of the sparse decode at other shapes than Llama-3-8B's.
void register_rows(CudaDevice& device);
/// Registers the benchmarks of what makes pruned caches.
void register_caches(CudaDevice& device);

}  // namespace kvroof::bench
