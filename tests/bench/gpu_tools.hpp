// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <benchmark/benchmark.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"
#include "profiler/inputs/synthetic.hpp"

// What the benchmarks of CUDA kernels share.
namespace kvroof::bench {

inline constexpr int kL2Multiples = 4;
inline constexpr int kGraphLaunches = 20;  // at least

/// CUDA events around whatever `enqueue` puts on the device's stream, in seconds.
class EventTimer {
 public:
  explicit EventTimer(CudaDevice& device) : stream_(device.stream()) {
    KVROOF_CUDA_CHECK(cudaEventCreate(&start_));
    KVROOF_CUDA_CHECK(cudaEventCreate(&stop_));
  }
  ~EventTimer() {
    cudaEventDestroy(start_);
    cudaEventDestroy(stop_);
  }
  EventTimer(const EventTimer&) = delete;
  EventTimer& operator=(const EventTimer&) = delete;

  template <class Enqueue>
  double seconds(Enqueue&& enqueue) {
    KVROOF_CUDA_CHECK(cudaEventRecord(start_, stream_));
    enqueue();
    KVROOF_CUDA_CHECK(cudaEventRecord(stop_, stream_));
    KVROOF_CUDA_CHECK(cudaEventSynchronize(stop_));
    float milliseconds = 0.0f;
    KVROOF_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, start_, stop_));
    return static_cast<double>(milliseconds) * 1e-3;
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

/// The launches that `enqueue` makes, captured once and replayed as one graph.
class Graph {
 public:
  template <class Enqueue>
  Graph(CudaDevice& device, Enqueue&& enqueue) : stream_(device.stream()) {
    KVROOF_CUDA_CHECK(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal));
    enqueue();
    cudaGraph_t graph = nullptr;
    KVROOF_CUDA_CHECK(cudaStreamEndCapture(stream_, &graph));
    KVROOF_CUDA_CHECK(cudaGraphInstantiate(&executable_, graph, 0));
    KVROOF_CUDA_CHECK(cudaGraphDestroy(graph));
  }
  ~Graph() { cudaGraphExecDestroy(executable_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  void replay() { KVROOF_CUDA_CHECK(cudaGraphLaunch(executable_, stream_)); }

 private:
  cudaStream_t stream_;
  cudaGraphExec_t executable_ = nullptr;
};

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
  return static_cast<int>(
      std::clamp<std::int64_t>(kL2Multiples * device.info().l2_bytes / set_bytes + 1, 2, 64));
}

/// Times `launch(set)` for sets 0 .. sets - 1 in turn, as one replayed graph of at least
/// kGraphLaunches launches; an iteration's time is that per launch.
template <class Launch>
void time_launches(benchmark::State& state, CudaDevice& device, int sets, Launch&& launch) {
  const int launches = (kGraphLaunches + sets - 1) / sets * sets;
  Graph graph(device, [&] {
    for (int i = 0; i < launches; ++i) launch(i % sets);
  });
  EventTimer timer(device);
  timer.seconds([&] { graph.replay(); });  // warm-up
  for ([[maybe_unused]] auto iteration : state)
    state.SetIterationTime(timer.seconds([&] { graph.replay(); }) / launches);
}

/// A benchmark with 30 samples.
template <class Run>
void add(const std::string& name, Run&& run) {
  constexpr int samples = 30;
  benchmark::RegisterBenchmark(name.c_str(), run)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond)
      ->Iterations(1)
      ->Repetitions(samples)
      ->ReportAggregatesOnly();
}

struct Shape {
  int batch, kv_len;
};
inline constexpr Shape kShapes[] = {{8, 32768}, {32, 8192}, {64, 4096}, {8, 4096},
                                    {1, 32768}, {1, 4096},  {1, 1024}};

/// Registers the benchmarks of unpruned decodes.
void register_dense(CudaDevice& device);

}  // namespace kvroof::bench
