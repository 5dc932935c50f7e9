// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <memory>
#include <stdexcept>

#include "kernels/attention/launch.hpp"
#include "kernels/simt/simulator.hpp"
#include "profiler/validate/device_run.hpp"
#include "profiler/validate/validate.hpp"

// What simulating the kernels of one Llama-3-8B layer costs on this CPU, with all counters and
// checks on and all host cores. decode: bar 0.5 s at 4096 tokens on two idle cores, linear in the
// tokens; its time per launch is what the simulator measured around the launch itself.
namespace kvroof {
namespace {

constexpr int kQueryHeads = 32;
constexpr int kKvHeads = 8;

validate::Case llama3_layer(int tokens) {
  validate::Case one;
  one.query_heads = kQueryHeads;
  one.kv_heads = kKvHeads;
  one.kv_lengths = {tokens};
  one.kept_keys = one.kept_values = 64;  // 50 %
  return one;
}

/// Host seconds of the launches whose kernel begins with `kernel` since the simulator was reset.
double seconds_of(const simt::Simulator& simulator, std::string_view kernel) {
  double seconds = 0;
  for (const simt::LaunchRecord& launch : simulator.launches())
    if (launch.config.kernel.starts_with(kernel)) seconds += launch.host_seconds;
  if (seconds == 0) throw std::logic_error("no such kernel was launched");
  return seconds;
}

void run_once(benchmark::State& state, std::string_view kernel) {
  validate::Case one = llama3_layer(static_cast<int>(state.range(0)));
  const inputs::KvTensors tensors = load_inputs(one);
  simt::Simulator simulator;
  for (auto _ : state) {
    simulator.reset();
    const validate::DeviceResult result = run_on_device(one, tensors, simulator);
    benchmark::DoNotOptimize(result.outputs.data());
    state.SetIterationTime(seconds_of(simulator, kernel));
    if (!simulator.take_reports().empty()) state.SkipWithError("the simulator found a hazard");
  }
  state.counters["tokens"] = static_cast<double>(one.max_kv_len());
  state.SetComplexityN(state.range(0));
}

void simulate_decode(benchmark::State& state) { run_once(state, "decode"); }
void simulate_pack(benchmark::State& state) { run_once(state, "pack_"); }  // of K and of V

BENCHMARK(simulate_decode)
    ->RangeMultiplier(2)
    ->Range(1024, 8192)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Complexity(benchmark::oN);
BENCHMARK(simulate_pack)
    ->RangeMultiplier(2)
    ->Range(1024, 8192)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Complexity(benchmark::oN);

}  // namespace
}  // namespace kvroof

BENCHMARK_MAIN();
