// SPDX-License-Identifier: Apache-2.0
// Times the CUDA kernels on this machine's GPU. Manual time: CUDA events around a replayed graph of
// launches that rotate over several caches, 4 x L2 together, so that every launch meets a cold L2.
// Reported is the time per launch.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "kernels/attention/launch.hpp"
#include "kernels/baselines/probes/ceilings.hpp"
#include "kernels/compress/launch.hpp"
#include "tests/bench/gpu_tools.hpp"

namespace kvroof::bench {
namespace {

constexpr int kWindow = 32;

/// Caches of one shape and what a decode step over one of them needs.
class Caches {
 public:
  Caches(CudaDevice& device, const Shape& shape, int kept)
      : device_(device), shape_(shape), kept_(kept) {
    chunks_ = attention::compressed_tokens(shape.kv_len, kWindow) / lane_chunk::kTokens;
    const auto set_bytes = static_cast<std::int64_t>(2 * operand_bytes());
    sets_ = cold_sets(device, set_bytes);
    const auto batch = static_cast<std::size_t>(shape.batch);
    lengths_ = DeviceBuffer<std::int32_t>(device, batch, "lengths");
    lengths_.upload(std::vector<std::int32_t>(batch, shape.kv_len));
    const auto row_elements = static_cast<std::size_t>(heads()) * kHeadDim;
    window_ =
        synthetic_rows(device, false, row_elements * 2 * (kWindow + lane_chunk::kTokens - 1), 7);
    queries_ = synthetic_rows(device, false,
                              batch * static_cast<std::size_t>(shape.query_heads * kHeadDim), 8);
    outputs_ = DeviceBuffer<std::uint16_t>(device, queries_.size(), "outputs");
    for (int set = 0; set < sets_; ++set) add_set(set);
    plan_ = attention::make_plan(problems_.front(), device.info());
    workspace_ = DeviceBuffer<std::byte>(
        device, static_cast<std::size_t>(attention::workspace_bytes(problems_.front(), plan_)),
        "workspace");
    workspace_.fill(std::byte{0});
    for (attention::DecodeProblem& problem : problems_) problem.workspace = workspace_.data();
  }

  int sets() const { return sets_; }
  const attention::DecodePlan& plan() const { return plan_; }
  void decode(int set) {
    attention::launch(problems_[static_cast<std::size_t>(set)], plan_, device_);
  }
  void pack(int set) {
    compress::launch(pack_problem(Operand::kKeys, set, key_rows_), device_);
    compress::launch(pack_problem(Operand::kValues, set, value_rows_), device_);
  }

  /// What has to cross the DRAM interface once: values, bitmaps, the dense window, queries and
  /// outputs.
  double floor_bytes() const {
    const double rows = 2.0 * heads() * chunks_ * lane_chunk::kTokens;
    const double window_tokens = shape_.kv_len - chunks_ * lane_chunk::kTokens;
    const double query_bytes = 2.0 * shape_.batch * shape_.query_heads * kHeadDim;
    return rows * (2.0 * kept_ + kHeadDim / 8) + 4.0 * heads() * window_tokens * kHeadDim +
           2.0 * query_bytes;
  }
  double dense_bytes() const { return 4.0 * heads() * shape_.kv_len * kHeadDim; }
  /// Dense rows read once, chunks written once.
  double pack_bytes() const {
    return 4.0 * heads() * chunks_ * lane_chunk::kTokens * kHeadDim +
           2.0 * static_cast<double>(operand_bytes());
  }

 private:
  int heads() const { return shape_.batch * shape_.kv_heads; }
  std::size_t operand_bytes() const {
    return static_cast<std::size_t>(heads()) * static_cast<std::size_t>(chunks_) *
           static_cast<std::size_t>(lane_chunk::chunk_bytes(kHeadDim, kept_));
  }
  compress::PackProblem pack_problem(Operand operand, int set,
                                     const DeviceBuffer<std::uint16_t>& rows) const {
    const auto& chunks = operand == Operand::kKeys ? key_chunks_ : value_chunks_;
    return {.batch = shape_.batch,
            .kv_heads = shape_.kv_heads,
            .head_dim = kHeadDim,
            .operand = operand,
            .kept = kept_,
            .rows = rows.data(),
            .row_capacity = shape_.kv_len,
            .kv_lengths = lengths_.data(),
            .max_kv_len = shape_.kv_len,
            .window = kWindow,
            .chunks = chunks[static_cast<std::size_t>(set)].data(),
            .chunk_capacity = chunks_};
  }
  void add_set(int set) {
    const auto rows =
        static_cast<std::size_t>(heads()) * static_cast<std::size_t>(shape_.kv_len) * kHeadDim;
    if (set == 0) {
      key_rows_ = synthetic_rows(device_, true, rows, 1);
      value_rows_ = synthetic_rows(device_, false, rows, 2);
    }
    key_chunks_.emplace_back(device_, operand_bytes(), "key chunks");
    value_chunks_.emplace_back(device_, operand_bytes(), "value chunks");
    pack(set);
    device_.synchronize();
    const auto ring =
        static_cast<std::size_t>(heads()) * (kWindow + lane_chunk::kTokens - 1) * kHeadDim;
    problems_.push_back({.batch = shape_.batch,
                         .query_heads = shape_.query_heads,
                         .kv_heads = shape_.kv_heads,
                         .head_dim = kHeadDim,
                         .softmax_scale = 1.0f / std::sqrt(static_cast<float>(kHeadDim)),
                         .queries = queries_.data(),
                         .kv_lengths = lengths_.data(),
                         .max_kv_len = shape_.kv_len,
                         .keys = {key_chunks_.back().data(), kept_},
                         .values = {value_chunks_.back().data(), kept_},
                         .chunk_capacity = chunks_,
                         .window_keys = window_.data(),
                         .window_values = window_.data() + ring,
                         .window = kWindow,
                         .window_capacity = kWindow + lane_chunk::kTokens - 1,
                         .outputs = outputs_.data()});
  }

  CudaDevice& device_;
  Shape shape_;
  int kept_, chunks_ = 0, sets_ = 0;
  attention::DecodePlan plan_;
  DeviceBuffer<std::int32_t> lengths_;
  DeviceBuffer<std::uint16_t> window_, queries_, outputs_, key_rows_, value_rows_;
  std::vector<DeviceBuffer<std::byte>> key_chunks_, value_chunks_;
  DeviceBuffer<std::byte> workspace_;
  std::vector<attention::DecodeProblem> problems_;
};

/// The read probe of `kvroof ceilings` in one of its shapes.
void read_bandwidth(benchmark::State& state, CudaDevice& device,
                    const probes::BandwidthShape& shape, bool random) {
  constexpr std::int64_t bytes = probes::kDramProbeBytes;
  const DeviceBuffer<std::uint16_t>& words = prepare([&] {
    if (random) return synthetic_rows(device, false, bytes / 2, 3);
    DeviceBuffer<std::uint16_t> constant(device, bytes / 2, "constant words");
    constant.fill(std::byte{0x5a});
    return constant;
  });
  const DeviceBuffer<std::uint32_t> sink(device, 1, "sink");
  const probes::BandwidthProblem problem{.source = reinterpret_cast<const std::byte*>(words.data()),
                                         .bytes = bytes,
                                         .sink = sink.data()};
  EventTimer timer(device);
  const auto read = [&] { probes::launch_bandwidth(problem, shape, device); };
  timer.seconds(read);  // warm-up
  for ([[maybe_unused]] auto iteration : state) state.SetIterationTime(timer.seconds(read));
  state.counters["read_B_per_s"] = rate(static_cast<double>(bytes));
}

void decode(benchmark::State& state, CudaDevice& device, const Shape& shape, int kept) {
  Caches& caches = prepare([&] { return Caches(device, shape, kept); });
  time_launches(state, device, caches.sets(), [&](int set) { caches.decode(set); });
  state.counters["floor_B_per_s"] = rate(caches.floor_bytes());
  state.counters["dense_B_per_s"] = rate(caches.dense_bytes());
  state.SetLabel(attention::describe(caches.plan()));
}

void pack(benchmark::State& state, CudaDevice& device, const Shape& shape, int kept) {
  Caches& caches = prepare([&] { return Caches(device, shape, kept); });
  EventTimer timer(device);
  int set = 0;
  for ([[maybe_unused]] auto iteration : state) {
    state.SetIterationTime(timer.seconds([&] { caches.pack(set); }));
    set = (set + 1) % caches.sets();
  }
  state.counters["pack_B_per_s"] = rate(caches.pack_bytes());
}

void register_all(CudaDevice& device) {
  for (const bool random : {true, false}) {  // of words that differ, and of one word
    for (const probes::BandwidthShape& shape : probes::bandwidth_shapes()) {
      add(fmt::format("read/{}/word:{}/unroll:{}/blocks_per_sm:{}", random ? "random" : "constant",
                      shape.word_bytes, shape.unroll, shape.blocks_per_sm),
          [&device, shape, random](benchmark::State& state) {
            read_bandwidth(state, device, shape, random);
          });
    }
  }
  for (const Shape shape : kShapes) {
    for (const int kept : {90, 64, 40}) {  // sparsity 0.3, 0.5, 0.7
      add(fmt::format("decode/{}/kept:{}", shape.name(), kept),
          [&device, shape, kept](benchmark::State& state) { decode(state, device, shape, kept); });
    }
  }
  for (const int kept : {64, 40}) {
    add(fmt::format("pack/batch:8/kv_len:32768/kept:{}", kept),
        [&device, kept](benchmark::State& state) {
          pack(state, device, {8, 32768}, kept);
        });
  }
  register_dense(device);
  register_baselines(device);
  register_rows(device);
  register_caches(device);
}

}  // namespace
}  // namespace kvroof::bench

int main(int argc, char** argv) {
  char samples[] = "--benchmark_repetitions=30", medians[] = "--benchmark_report_aggregates_only";
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + 1, {samples, medians});  // what the user says comes later
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  try {
    kvroof::CudaDevice device;
    benchmark::AddCustomContext("gpu", device.info().name);
    kvroof::bench::register_all(device);
    benchmark::RunSpecifiedBenchmarks();
    kvroof::bench::prepared() = {};  // while the device is there
  } catch (const std::exception& error) {
    fmt::print(stderr, "kvroof_bench_gpu: {}\n", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
