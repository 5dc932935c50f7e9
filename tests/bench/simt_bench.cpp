// SPDX-License-Identifier: Apache-2.0
// Speed of the simulator. "per op" rates are of one lane, on one host thread unless said otherwise.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "kernels/platform/platform.hpp"
#include "kernels/simt/simulator.hpp"

namespace kvroof::KVROOF_BACKEND {
namespace {

constexpr int kThreads = 128;
constexpr int kRounds = 64;  // operations per thread in one launch

struct Shared {
  alignas(16) std::uint32_t words[8 * kThreads];
};
struct Arrays {
  const std::uint32_t* input;  // [blocks * 4 * kThreads]
  std::uint32_t* output;       // [blocks * kThreads]
};

void sync_warps(Arrays) {
  for (int i = 0; i < kRounds; ++i) sync_warp();
}

void sync_block(Arrays) {
  for (int i = 0; i < kRounds; ++i) sync_threads();
}

void shuffles(Arrays arrays) {
  U32 value = lane_index();
  for (int i = 0; i < kRounds; ++i) value = shuffle_xor(value, 1);
  store_global(arrays.output + (block_index_x() * kThreads + thread_index()), value);
}

void alu(Arrays arrays) {
  U32 value = lane_index();
  for (int i = 0; i < kRounds; ++i) {
    value = (value ^ (value << 5)) + 1u;
    value = byte_permute(value, value, 0x1032u);
    value = (value & 0x00ffffffu) | (value >> 24);
  }
  store_global(arrays.output + (block_index_x() * kThreads + thread_index()), value);
}

void shared_loads(Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  const U32 thread = thread_index();
  for (int i = 0; i < 4; ++i) {
    store_shared(&shared.words[2 * (i * kThreads + thread)], U32x2{thread, thread});
  }
  sync_threads();
  U32 sum = 0u;
  for (int i = 0; i < kRounds; ++i) {
    sum += load_shared<U32x2>(&shared.words[2 * ((i % 4) * kThreads + thread)]).x;
  }
  store_global(arrays.output + (block_index_x() * kThreads + thread), sum);
}

void async_copies(Arrays arrays) {
  Shared& shared = shared_memory<Shared>();
  const U32 thread = thread_index();
  for (int i = 0; i < kRounds; ++i) {
    copy_async_16(&shared.words[4 * thread],
                  arrays.input + 4 * (block_index_x() * kThreads + thread));
    copy_async_commit();
    copy_async_wait<0>();
  }
}

void global_loads(Arrays arrays) {
  U32 sum = 0u;
  const U32 at = 4 * (block_index_x() * kThreads + thread_index());
  for (int i = 0; i < kRounds; ++i) sum += load_global<U32x4>(arrays.input + at).x;
  store_global(arrays.output + (block_index_x() * kThreads + thread_index()), sum);
}

void multiplies(Arrays arrays) {
  F32 d[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  const U32 a[4] = {lane_index(), 0x3c003c00u, lane_index(), 0x3c003c00u};
  for (int i = 0; i < kRounds; ++i) mma_m16n8k16<Half>(d, a, 0x3c003c00u, lane_index());
  store_global(arrays.output + (block_index_x() * kThreads + thread_index()), bits_of(d[0]));
}

}  // namespace
}  // namespace kvroof::KVROOF_BACKEND

namespace kvroof {
namespace {

using Kernel = void (*)(simt_backend::Arrays);

/// Arguments: checks and counters on or off, host threads.
void run_kernel(benchmark::State& state, Kernel kernel) {
  constexpr int kBlocks = 16;
  simt::SimulatorOptions options;
  options.checks = options.counters = state.range(0) != 0;
  options.host_threads = static_cast<int>(state.range(1));
  simt::Simulator simulator(options);
  DeviceBuffer<std::uint32_t> input(simulator, 4 * kBlocks * simt_backend::kThreads, "input");
  DeviceBuffer<std::uint32_t> output(simulator, kBlocks * simt_backend::kThreads, "output");
  input.fill(std::byte{1});
  const simt_backend::Arrays arrays{input.data(), output.data()};
  const simt::LaunchConfig config{
      "bench", {kBlocks}, simt_backend::kThreads, sizeof(simt_backend::Shared)};
  for (auto round : state) {
    benchmark::DoNotOptimize(round);
    simulator.launch(config, [&] { kernel(arrays); });
    simulator.reset();
  }
  const double operations = static_cast<double>(state.iterations()) * kBlocks *
                            simt_backend::kThreads * simt_backend::kRounds;
  state.counters["per_op"] =
      benchmark::Counter(operations, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void modes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"observed", "host_threads"})->Args({1, 1})->Args({0, 1})->Args({1, 2});
  bench->UseRealTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(run_kernel, sync_warp, simt_backend::sync_warps)->Apply(modes);
BENCHMARK_CAPTURE(run_kernel, sync_threads, simt_backend::sync_block)->Apply(modes);
BENCHMARK_CAPTURE(run_kernel, shuffle, simt_backend::shuffles)->Apply(modes);
BENCHMARK_CAPTURE(run_kernel, seven_alu, simt_backend::alu)->Apply(modes);
BENCHMARK_CAPTURE(run_kernel, shared_load_8, simt_backend::shared_loads)->Apply(modes);
BENCHMARK_CAPTURE(run_kernel, async_copy_16, simt_backend::async_copies)->Apply(modes);
BENCHMARK_CAPTURE(run_kernel, global_load_16, simt_backend::global_loads)->Apply(modes);
BENCHMARK_CAPTURE(run_kernel, mma, simt_backend::multiplies)->Apply(modes);

}  // namespace
}  // namespace kvroof

BENCHMARK_MAIN();
