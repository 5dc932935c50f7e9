// SPDX-License-Identifier: Apache-2.0
// Times what makes a pruned cache, in the process of gpu_bench.cpp and in its way: masks of the
// rules, packing what they choose, and a step of the cache that grows. Rows of one side are nine
// times the L2 of an H200, so launches over them meet a cold one; a step moves a few KiB per head.

#include <fmt/format.h>

#include "kernels/cache/kv_cache.hpp"
#include "kernels/compress/launch.hpp"
#include "kernels/format/variable_rows.hpp"
#include "kernels/prune/launch.hpp"
#include "tests/bench/gpu_tools.hpp"

namespace kvroof::bench {
namespace {

constexpr int kQueryHeads = 32, kKvHeads = 8, kHeadDim = 128, kWindow = 32;  // Llama-3-8B
constexpr int kScoringQueries = 32;  // of each head, as in Mustafar's prefill
constexpr Shape kShape{8, 32768};
constexpr std::size_t kRows = std::size_t{8} * kKvHeads * 32768;

/// Dense rows of one side and what rules need besides.
class DenseSide {
 public:
  DenseSide(CudaDevice& device, Operand operand, prune::Rule rule)
      : device_(device),
        rows_(synthetic_rows(device, operand == Operand::kKeys, kRows * kHeadDim, 1)),
        queries_(synthetic_rows(
            device, false, std::size_t{kShape.batch} * kQueryHeads * kScoringQueries * kHeadDim,
            2)),
        weights_(device, kRows, "weights"),
        masks_(device, kRows * kHeadDim / 64, "masks"),
        lengths_(device, kShape.batch, "lengths") {
    weights_.fill(std::byte{0x3c});  // 0.0115 each: the time does not depend on them
    lengths_.upload(std::vector<std::int32_t>(kShape.batch, kShape.kv_len));
    problem_ = {.batch = kShape.batch,
                .kv_heads = kKvHeads,
                .head_dim = kHeadDim,
                .operand = operand,
                .rule = rule,
                .kept = prune::kept_count(rule, kHeadDim, 0.5).kept,
                .rows = rows_.data(),
                .row_capacity = kShape.kv_len,
                .kv_lengths = lengths_.data(),
                .max_kv_len = kShape.kv_len,
                .window = kWindow,
                .queries = queries_.data(),
                .query_heads = kQueryHeads,
                .num_queries = kScoringQueries,
                .weights = weights_.data(),
                .masks = masks_.data()};
    workspace_ = DeviceBuffer<std::byte>(
        device, static_cast<std::size_t>(prune::workspace_bytes(problem_)), "workspace");
    problem_.workspace = workspace_.data();
  }
  void prune() const { prune::launch(problem_, device_); }
  const prune::PruneProblem& problem() const { return problem_; }

 private:
  CudaDevice& device_;
  DeviceBuffer<std::uint16_t> rows_, queries_;
  DeviceBuffer<float> weights_;
  DeviceBuffer<std::uint64_t> masks_;
  DeviceBuffer<std::int32_t> lengths_;
  DeviceBuffer<std::byte> workspace_;
  prune::PruneProblem problem_;
};

template <class Launch>
void time_each(benchmark::State& state, CudaDevice& device, Launch&& launch) {
  EventTimer timer(device);
  timer.seconds(launch);  // warm-up
  for ([[maybe_unused]] auto iteration : state) state.SetIterationTime(timer.seconds(launch));
}

void prune_masks(benchmark::State& state, CudaDevice& device, Operand operand, prune::Rule rule) {
  const DenseSide& side = prepare([&] { return DenseSide(device, operand, rule); });
  time_each(state, device, [&] { side.prune(); });
  state.counters["prune_B_per_s"] = rate(kRows * (2.0 * kHeadDim + kHeadDim / 8));
}

/// Sizes, offsets and chunks of masks whose rows differ in length: ties are kept.
void pack_offsets(benchmark::State& state, CudaDevice& device, Operand operand) {
  const DenseSide side(device, operand, prune::Rule::kPublished);
  side.prune();
  constexpr int chunks =
      lane_chunk::compressed_tokens(kShape.kv_len, kWindow) / lane_chunk::kTokens;
  constexpr std::size_t heads = kRows / static_cast<std::size_t>(kShape.kv_len);
  DeviceBuffer<std::byte> room(device, kRows * kHeadDim * 2, "chunks");
  const DeviceBuffer<std::uint32_t> offsets(device, heads * (chunks + 1), "offsets");
  const compress::PackProblem problem{.batch = kShape.batch,
                                      .kv_heads = kKvHeads,
                                      .head_dim = kHeadDim,
                                      .operand = operand,
                                      .rows = side.problem().rows,
                                      .row_capacity = kShape.kv_len,
                                      .masks = side.problem().masks,
                                      .kv_lengths = side.problem().kv_lengths,
                                      .max_kv_len = kShape.kv_len,
                                      .window = kWindow,
                                      .chunks = room.data(),
                                      .chunk_capacity = chunks,
                                      .offsets = offsets.data(),
                                      .chunks_bytes = static_cast<std::int64_t>(room.bytes())};
  time_each(state, device, [&] { compress::launch(problem, device); });
}

/// Steps of a cache that grows, 64 at a time: one of them packs a chunk of every head. The time is
/// that of a step.
void append(benchmark::State& state, CudaDevice& device, int batch) {
  constexpr int steps = lane_chunk::kTokens;
  cache::KvCache cache(device, {.batch = batch,
                                .kv_heads = kKvHeads,
                                .head_dim = kHeadDim,
                                .max_kv_len = 8192,
                                .window = kWindow,
                                .kept_keys = 64,
                                .kept_values = 64});
  const auto token =
      synthetic_rows(device, true, static_cast<std::size_t>(batch) * kKvHeads * kHeadDim, 4);
  measure::LaunchGraph graph(device, [&] {
    for (int i = 0; i < steps; ++i) cache.append(token.data(), token.data());
  });
  const auto replay = [&] {
    for (int i = 0; i < steps; ++i) cache.count_replay();
    graph.replay();
  };
  cache.clear();
  EventTimer timer(device);
  timer.seconds(replay);  // warm-up
  for ([[maybe_unused]] auto iteration : state)
    state.SetIterationTime(timer.seconds(replay) / steps);
}

}  // namespace

void register_caches(CudaDevice& device) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    const char* const side = operand == Operand::kKeys ? "keys" : "values";
    const std::string shape =
        fmt::format("{}/batch:{}/kv_len:{}", side, kShape.batch, kShape.kv_len);
    for (const prune::Rule rule : prune::rules_of(operand)) {
      add(fmt::format("prune/{}/{}", to_string(rule), shape),
          [&device, operand, rule](benchmark::State& state) {
            prune_masks(state, device, operand, rule);
          });
    }
    add("pack_offsets/" + shape,
        [&device, operand](benchmark::State& state) { pack_offsets(state, device, operand); });
  }
  for (const int batch : {1, 8, 64}) {
    add(fmt::format("append/batch:{}", batch),
        [&device, batch](benchmark::State& state) { append(state, device, batch); });
  }
}

}  // namespace kvroof::bench
