// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/format/lane_chunk.hpp"
#include "profiler/model/catalogue.hpp"
#include "profiler/model/predict.hpp"
#include "profiler/sweep/modelling.hpp"
#include "reference/attention.hpp"

// What a sweep's work on the host costs, kernels and traces aside: packing a chunk, the reference
// of one kv head, the latency model. The simulated kernels are in decode_bench.cpp, traces in
// traces_bench.cpp.
namespace kvroof {
namespace {

constexpr int kHeadDim = 128;

/// Rows whose bits and masks vary: every `step`-th element of a row is kept.
void encode_chunk(benchmark::State& state) {
  const auto kept = static_cast<int>(state.range(0));
  const std::size_t elements = std::size_t{lane_chunk::kTokens} * kHeadDim;
  std::vector<std::uint16_t> rows(elements);
  std::vector<std::uint8_t> mask(elements, 0);
  for (std::size_t i = 0; i < elements; ++i) {
    rows[i] = static_cast<std::uint16_t>(0x3c00 + i % 1000);
    const int channel = static_cast<int>(i % kHeadDim);
    mask[i] = channel * kept / kHeadDim != (channel + 1) * kept / kHeadDim ? 1 : 0;
  }
  std::vector<std::byte> chunk(static_cast<std::size_t>(lane_chunk::chunk_bytes(kHeadDim, kept)));
  for (auto _ : state) {
    lane_chunk::encode(Operand::kKeys, kHeadDim, kept, rows, mask, chunk);
    benchmark::DoNotOptimize(chunk.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(elements) * 2);
}
BENCHMARK(encode_chunk)->Name("pack/chunk of 64 x 128 on the host/kept")->Arg(40)->Arg(64);

void reference_head(benchmark::State& state) {
  const auto tokens = static_cast<Eigen::Index>(state.range(0));
  constexpr Eigen::Index group = 4;
  const reference::Matrix keys = reference::Matrix::Random(tokens, kHeadDim);
  const reference::Matrix values = reference::Matrix::Random(tokens, kHeadDim);
  const reference::Matrix queries = reference::Matrix::Random(group, kHeadDim);
  const reference::Mask mask = reference::Mask::Constant(tokens, kHeadDim, true);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        reference::attention({keys, values, mask, mask, queries, 1 / std::sqrt(double{kHeadDim})}));
  }
  state.SetItemsProcessed(state.iterations() * tokens);
}
BENCHMARK(reference_head)->Name("reference/4 query heads over tokens")->Arg(1024)->Arg(4096);

void predict(benchmark::State& state) {
  validate::Case one;
  one.kv_lengths = {static_cast<int>(state.range(0))};
  const model::DecodeCase decode = sweep::decode_case(one);
  const model::DeviceModel& device = model::default_catalogue().find("h200");
  for (auto _ : state) benchmark::DoNotOptimize(model::predict_decode(decode, device));
}
BENCHMARK(predict)
    ->Name("model/predict a Llama-3-8B layer on h200/tokens")
    ->Arg(4096)
    ->Arg(32768)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kvroof

BENCHMARK_MAIN();
