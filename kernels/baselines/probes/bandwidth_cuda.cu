// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <stdexcept>

#include "kernels/baselines/probes/ceilings.hpp"
#include "kernels/cuda/check.hpp"

namespace kvroof::probes {
namespace {

constexpr int kThreads = 256;

constexpr std::array<BandwidthShape, 10> kShapes = {{{16, 8, 0},
                                                     {16, 4, 0},
                                                     {16, 4, 4},
                                                     {16, 8, 2},
                                                     {16, 8, 4},
                                                     {16, 1, 8},
                                                     {8, 8, 0},
                                                     {8, 8, 4},
                                                     {4, 8, 0},
                                                     {4, 8, 8}}};

__device__ std::uint32_t fold(std::uint32_t word) { return word; }
__device__ std::uint32_t fold(uint2 word) { return word.x ^ word.y; }
__device__ std::uint32_t fold(uint4 word) { return word.x ^ word.y ^ word.z ^ word.w; }
__device__ void spread(std::uint32_t value, std::uint32_t& word) { word = value; }
__device__ void spread(std::uint32_t value, uint2& word) { word = {value, value}; }
__device__ void spread(std::uint32_t value, uint4& word) { word = {value, value, value, value}; }

/// A tile is one access of every thread, Unroll times over; blocks take tiles in turn.
template <Direction direction, class Word, int Unroll>
__global__ __launch_bounds__(kThreads) void bandwidth_kernel(BandwidthProblem problem) {
  const auto* source = reinterpret_cast<const Word*>(problem.source);
  auto* destination = reinterpret_cast<Word*>(problem.destination);
  constexpr std::int64_t tile = std::int64_t{kThreads} * Unroll;
  const std::int64_t tiles = problem.bytes / (tile * static_cast<std::int64_t>(sizeof(Word)));
  std::uint32_t sum = 0;
  for (int pass = 0; pass < problem.passes; ++pass) {
    for (std::int64_t at = blockIdx.x; at < tiles; at += gridDim.x) {
      const std::int64_t first = at * tile + threadIdx.x;
      Word words[Unroll];
#pragma unroll
      for (int i = 0; i < Unroll; ++i) {
        if constexpr (direction == Direction::write) {
          spread(static_cast<std::uint32_t>(first + i), words[i]);
        } else {
          words[i] = __ldcg(source + first + i * kThreads);
        }
      }
#pragma unroll
      for (int i = 0; i < Unroll; ++i) {
        if constexpr (direction == Direction::read) {
          sum ^= fold(words[i]);
        } else {
          __stcg(destination + first + i * kThreads, words[i]);
        }
      }
    }
  }
  // The sum of what was read is all but never this word, and the compiler cannot know it.
  if (direction == Direction::read && sum == 0x9e3779b9u) *problem.sink = sum;
}

template <class Word, int Unroll>
void launch_words(const BandwidthProblem& problem, int blocks_per_sm, CudaDevice& device) {
  constexpr std::int64_t tile_bytes = std::int64_t{kThreads} * Unroll * sizeof(Word);
  const std::int64_t tiles = problem.bytes / tile_bytes;
  const auto blocks = static_cast<unsigned>(
      blocks_per_sm == 0 ? tiles : std::int64_t{blocks_per_sm} * device.info().sm_count);
  const auto run = [&](auto kernel) { kernel<<<blocks, kThreads, 0, device.stream()>>>(problem); };
  switch (problem.direction) {
    case Direction::read: run(bandwidth_kernel<Direction::read, Word, Unroll>); break;
    case Direction::write: run(bandwidth_kernel<Direction::write, Word, Unroll>); break;
    case Direction::copy: run(bandwidth_kernel<Direction::copy, Word, Unroll>); break;
  }
  KVROOF_CUDA_CHECK(cudaGetLastError());
}

template <class Word>
void launch_unrolled(const BandwidthProblem& problem, const BandwidthShape& shape,
                     CudaDevice& device) {
  switch (shape.unroll) {
    case 1: return launch_words<Word, 1>(problem, shape.blocks_per_sm, device);
    case 4: return launch_words<Word, 4>(problem, shape.blocks_per_sm, device);
    case 8: return launch_words<Word, 8>(problem, shape.blocks_per_sm, device);
    default: throw std::invalid_argument("bandwidth probe: the unroll must be 1, 4 or 8");
  }
}

}  // namespace

std::span<const BandwidthShape> bandwidth_shapes() { return kShapes; }

void launch_bandwidth(const BandwidthProblem& problem, const BandwidthShape& shape,
                      CudaDevice& device) {
  if (problem.bytes <= 0 || problem.bytes % kBandwidthGranule != 0)
    throw std::invalid_argument("bandwidth probe: bytes must be a positive multiple of 65536");
  switch (shape.word_bytes) {
    case 4: return launch_unrolled<std::uint32_t>(problem, shape, device);
    case 8: return launch_unrolled<uint2>(problem, shape, device);
    case 16: return launch_unrolled<uint4>(problem, shape, device);
    default: throw std::invalid_argument("bandwidth probe: a word must have 4, 8 or 16 bytes");
  }
}

namespace {

__global__ void chase_kernel(const std::uint32_t* links, int steps, std::uint32_t* sink) {
  std::uint32_t at = 0;
  for (int step = 0; step < steps; ++step) at = __ldcg(links + at);
  *sink = at;
}

__global__ void empty_kernel() {}

}  // namespace

void launch_chase(const std::uint32_t* links, int steps, std::uint32_t* sink, CudaDevice& device) {
  chase_kernel<<<1, 1, 0, device.stream()>>>(links, steps, sink);
  KVROOF_CUDA_CHECK(cudaGetLastError());
}

void launch_empty(CudaDevice& device) {
  empty_kernel<<<1, 32, 0, device.stream()>>>();
  KVROOF_CUDA_CHECK(cudaGetLastError());
}

}  // namespace kvroof::probes
