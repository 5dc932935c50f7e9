// SPDX-License-Identifier: Apache-2.0
#include "kernels/prune/backends.hpp"
#include "kernels/prune/kernel.cuh"
#include "kernels/prune/weights_kernel.cuh"
#include "kernels/simt/simulator.hpp"

namespace kvroof::prune {
namespace {

namespace device_code = simt_backend::prune;

template <class Value, int HeadDim>
struct Launches {
  using Tile = PruneTile<HeadDim>;
  const PruneProblem& problem;
  simt::Simulator& simulator;

  void run(const char* kernel, int blocks_x, int threads, std::size_t shared_bytes,
           const std::function<void()>& body) const {
    simulator.launch({.kernel = kernel,
                      .grid = {blocks_x, problem.kv_heads, problem.batch},
                      .threads = threads,
                      .shared_bytes = static_cast<std::int64_t>(shared_bytes)},
                     body);
  }
  void keep_dense(int blocks_x) const {
    run("keep_dense", blocks_x, kDenseThreads, 0,
        [&] { device_code::keep_dense_kernel<HeadDim>(problem); });
  }
  void sum_queries() const {
    run("sum_queries", 1, HeadDim, 0,
        [&] { device_code::sum_queries_kernel<Value, HeadDim>(problem); });
  }
  void magnitudes(int blocks_x) const {
    run("prune_magnitudes", blocks_x, Tile::kRowThreads, 0,
        [&] { device_code::prune_magnitudes_kernel<Value, HeadDim>(problem); });
  }
  void rows(int blocks_x, bool weighted) const {
    const int group = competing(problem);
    run("prune_rows", blocks_x, Tile::kRowThreads, Tile::row_bytes(weighted ? 8 : 4), [&] {
      if (weighted) {
        device_code::prune_rows_kernel<Value, HeadDim, simt::U32x2>(problem, group);
      } else {
        device_code::prune_rows_kernel<Value, HeadDim, simt::U32>(problem, group);
      }
    });
  }
  void groups(int blocks_x, bool weighted) const {
    const int group = competing(problem);
    run("prune_groups", blocks_x, HeadDim, Tile::group_bytes(weighted ? 8 : 4), [&] {
      if (weighted) {
        device_code::prune_groups_kernel<Value, HeadDim, simt::U32x2>(problem, group);
      } else {
        device_code::prune_groups_kernel<Value, HeadDim, simt::U32>(problem, group);
      }
    });
  }
  void channels() const {
    run("prune_channels", 1, HeadDim, sizeof(typename Tile::ChannelsShared),
        [&] { device_code::prune_channels_kernel<Value, HeadDim>(problem); });
  }
};

}  // namespace

void launch_simt(const PruneProblem& problem, Device& device) {
  with_instance(problem, [&](auto value, auto head_dim) {
    for_each_launch<head_dim()>(
        problem, Launches<decltype(value), head_dim()>{problem, simt::as_simulator(device)});
  });
}

void launch_simt(const WeightsProblem& problem, Device& device) {
  auto& simulator = simt::as_simulator(device);
  with_instance(problem, [&](auto value, auto head_dim) {
    using Value = decltype(value);
    simulator.launch({.kernel = "softmax_sums",
                      .grid = {problem.head_queries(), problem.kv_heads, problem.batch},
                      .threads = kWeightsThreads,
                      .shared_bytes = kWeightsSharedBytes},
                     [&] { device_code::softmax_sums_kernel<Value, head_dim()>(problem); });
    simulator.launch(
        {.kernel = "sum_weights",
         .grid = {pieces(problem.max_kv_len, kWeightsThreads), problem.kv_heads, problem.batch},
         .threads = kWeightsThreads},
        [&] { device_code::sum_weights_kernel<Value, head_dim()>(problem); });
  });
}

}  // namespace kvroof::prune
