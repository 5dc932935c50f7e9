// SPDX-License-Identifier: Apache-2.0

// kernels/compress/kernel.cuh for f16 keys of head_dim 128, written by hand in plain CUDA: the same
// steps in the same order, without the vocabulary of kernels/platform. What the two differ in is
// what the vocabulary costs (tests/architecture/zero_overhead.py, kvroof_bench_twin).

#include <cuda_runtime.h>

#include "kernels/compress/tile.hpp"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"
#include "tests/simt/twin/pack_twin.hpp"

namespace kvroof::twin {
namespace {

using compress::PackProblem;

constexpr int kHeadDim = 128;
using Tile = compress::PackTile<kHeadDim>;
using Shared = Tile::Shared;
constexpr int kRows = Tile::kRows;              // that a warp chooses from at a time
constexpr int kElements = Tile::kLaneElements;  // of a row, per lane
constexpr int kUnits = lane_chunk::units(kHeadDim);
constexpr unsigned kAllLanes = 0xffffffffu;
constexpr unsigned kLeastNaN = 0x7c01u;
constexpr unsigned kCountMask = (1u << Tile::kCountBits) - 1u;
static_assert(kElements == 4, "a lane loads its share of a row as one uint2");

using Magnitudes = unsigned[kRows][kElements];
using PerRow = unsigned[kRows];

__device__ __forceinline__ unsigned magnitude(unsigned half) {
  return min(half & kMagnitudeBits, kLeastNaN);
}

/// Sums of per-row counts over the warp; the counts lie side by side in `packed`.
__device__ __forceinline__ void sum_counts(unsigned packed, PerRow& counts) {
  packed = __reduce_add_sync(kAllLanes, packed);
#pragma unroll
  for (int r = 0; r < kRows; ++r) counts[r] = (packed >> (Tile::kCountBits * r)) & kCountMask;
}

/// The kept-th largest magnitude of every row, bit by bit from the top.
__device__ __forceinline__ void find_thresholds(const Magnitudes& magnitudes, unsigned kept,
                                                PerRow& thresholds) {
#pragma unroll
  for (int r = 0; r < kRows; ++r) thresholds[r] = 0;
#pragma unroll 1
  for (int bit = 14; bit >= 0; --bit) {
    unsigned packed = 0;
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      unsigned count = 0;
#pragma unroll
      for (int e = 0; e < kElements; ++e) {
        count += magnitudes[r][e] >= (thresholds[r] | (1u << bit)) ? 1u : 0u;
      }
      packed += count << (Tile::kCountBits * r);
    }
    PerRow counts;
    sum_counts(packed, counts);
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      thresholds[r] |= counts[r] >= kept ? 1u << bit : 0u;
    }
  }
}

/// Per row, how many elements of the warp lie above the threshold.
__device__ __forceinline__ void count_above(const Magnitudes& magnitudes, const PerRow& thresholds,
                                            PerRow& above) {
  unsigned packed = 0;
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    unsigned count = 0;
#pragma unroll
    for (int e = 0; e < kElements; ++e) {
      count += magnitudes[r][e] > thresholds[r] ? 1u : 0u;
    }
    packed += count << (Tile::kCountBits * r);
  }
  sum_counts(packed, above);
}

/// Per row, how many elements equal to the threshold lie in lower lanes.
__device__ __forceinline__ void count_ties_below(const Magnitudes& magnitudes,
                                                 const PerRow& thresholds, unsigned lane,
                                                 PerRow& ties) {
  unsigned own = 0;
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    unsigned count = 0;
#pragma unroll
    for (int e = 0; e < kElements; ++e) {
      count += magnitudes[r][e] == thresholds[r] ? 1u : 0u;
    }
    own += count << (Tile::kCountBits * r);
  }
  unsigned inclusive = own;
#pragma unroll
  for (unsigned distance = 1; distance < 32; distance *= 2) {
    const unsigned below = __shfl_up_sync(kAllLanes, inclusive, distance);
    inclusive += lane >= distance ? below : 0u;
  }
  const unsigned exclusive = inclusive - own;
#pragma unroll
  for (int r = 0; r < kRows; ++r) ties[r] = (exclusive >> (Tile::kCountBits * r)) & kCountMask;
}

/// Bit e of survivors[r]: element e of the lane survives in row r.
__device__ __forceinline__ void choose_elements(const Magnitudes& magnitudes, unsigned kept,
                                                unsigned lane, PerRow& survivors) {
  PerRow thresholds, above, ties;
  find_thresholds(magnitudes, kept, thresholds);
  count_above(magnitudes, thresholds, above);
  count_ties_below(magnitudes, thresholds, lane, ties);
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    const unsigned allowed_ties = kept - above[r];
    survivors[r] = 0;
#pragma unroll
    for (int e = 0; e < kElements; ++e) {
      const bool tie = magnitudes[r][e] == thresholds[r];
      const bool above_threshold = magnitudes[r][e] > thresholds[r];
      const bool kept_tie = tie & (ties[r] < allowed_ties);
      const bool keep = above_threshold | kept_tie;
      survivors[r] |= keep ? 1u << e : 0u;
      ties[r] += tie ? 1u : 0u;
    }
  }
}

/// The same out of the problem's masks.
__device__ __forceinline__ void load_choice(const PackProblem& problem, std::int64_t head_row,
                                            int first_token, unsigned lane, PerRow& survivors) {
  const unsigned first_bit = kElements * lane;
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    const std::int64_t row =
        head_row * problem.row_capacity + (first_token + r) % problem.row_capacity;
    const auto* words = reinterpret_cast<const unsigned*>(problem.masks) + row * (kHeadDim / 32);
    survivors[r] = (words[first_bit / 32] >> (first_bit % 32)) & ((1u << kElements) - 1u);
  }
}

/// Loads the warp's 16 rows, chooses, and leaves values and choice in shared memory.
__device__ __forceinline__ void prune_tile(const PackProblem& problem, std::int64_t head_row,
                                           int first_token, int warp, unsigned lane,
                                           Shared& shared) {
  const std::uint16_t* ring =
      static_cast<const std::uint16_t*>(problem.rows) + head_row * problem.row_capacity * kHeadDim;
  const int tile_row = warp * lane_chunk::kTileTokens;
  for (int first = tile_row; first < tile_row + lane_chunk::kTileTokens; first += kRows) {
    uint2 words[kRows];
    Magnitudes magnitudes;
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      const std::int64_t row = (first_token + first + r) % problem.row_capacity;
      words[r] = reinterpret_cast<const uint2*>(ring + row * kHeadDim)[lane];
      magnitudes[r][0] = magnitude(words[r].x);
      magnitudes[r][1] = magnitude(words[r].x >> 16);
      magnitudes[r][2] = magnitude(words[r].y);
      magnitudes[r][3] = magnitude(words[r].y >> 16);
    }
    PerRow survivors;
    if (problem.masks != nullptr) {
      load_choice(problem, head_row, first_token + first, lane, survivors);
    } else {
      choose_elements(magnitudes, static_cast<unsigned>(problem.kept), lane, survivors);
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      shared.kept[first + r][lane] = static_cast<std::uint8_t>(survivors[r]);
      auto* row = reinterpret_cast<unsigned*>(&shared.rows[first + r][kElements * lane]);
      row[0] = words[r].x;
      row[1] = words[r].y;
    }
  }
}

__device__ __forceinline__ bool is_kept(const Shared& shared, unsigned token, unsigned channel) {
  return ((shared.kept[token][channel / kElements] >> (channel % kElements)) & 1u) != 0;
}

/// Writes the thread's bitmap units and returns how many of its elements survived.
__device__ __forceinline__ unsigned write_bitmap(const Shared& shared, std::byte* chunk, int warp,
                                                 unsigned lane) {
  const unsigned token = static_cast<unsigned>(warp * lane_chunk::kTileTokens) + (lane >> 2);
  unsigned bits[kUnits] = {};
  unsigned count = 0;
#pragma unroll 1
  for (int step = 0; step < lane_chunk::steps(kHeadDim); ++step) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
#pragma unroll
      for (int i = 0; i < lane_chunk::kNibble; ++i) {
        const unsigned channel = lane_chunk::key_channel(lane & 3u, step, i);
        const bool kept = is_kept(shared, token + 8 * h, channel);
        count += kept ? 1u : 0u;
#pragma unroll
        for (int unit = 0; unit < kUnits; ++unit) {  // constant indices keep `bits` in registers
          const bool here = unit == lane_chunk::unit_of(kHeadDim, step, h);
          bits[unit] |= kept & here ? 1u << lane_chunk::bit_of(step, i) : 0u;
        }
      }
    }
  }
  auto* target = reinterpret_cast<unsigned*>(chunk + lane_chunk::kHeaderBytes +
                                             (warp * lane_chunk::kLanes + lane) * (kUnits * 2));
#pragma unroll
  for (int unit = 0; unit < kUnits; unit += 2) target[unit / 2] = bits[unit] | bits[unit + 1] << 16;
  return count;
}

/// Appends the thread's surviving elements to the lane's column, from number `position` on.
__device__ __forceinline__ void write_stream(Shared& shared, int warp, unsigned lane,
                                             unsigned position) {
  const unsigned first = static_cast<unsigned>(warp * lane_chunk::kTileTokens) + (lane >> 2);
#pragma unroll 1
  for (int step = 0; step < lane_chunk::steps(kHeadDim); ++step) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
#pragma unroll
      for (int i = 0; i < lane_chunk::kNibble; ++i) {
        const unsigned token = first + 8 * h;
        const unsigned channel = lane_chunk::key_channel(lane & 3u, step, i);
        const bool kept = is_kept(shared, token, channel);
        std::byte* slot = &shared.lines[position / 4][lane * lane_chunk::kSlotBytes + position % 4];
        if (kept) {
          const std::uint16_t value = shared.rows[token][channel];
          slot[0] = static_cast<std::byte>(value >> 8);
          slot[lane_chunk::kSlotElements] = static_cast<std::byte>(value);
        }
        position += kept ? 1u : 0u;
      }
    }
  }
}

__device__ __forceinline__ unsigned count_before(const Shared& shared, int tiles, unsigned lane) {
  unsigned count = 0;
  for (int tile = 0; tile < tiles; ++tile) count += shared.counts[tile][lane];
  return count;
}

struct SlotLayout {
  unsigned lane_slots, tail_begin, tail_slots;
  int full_lines, lines;
};
__device__ __forceinline__ SlotLayout lay_out_slots(unsigned lane_slots, unsigned lane) {
  SlotLayout layout;
  layout.lane_slots = lane_slots;
  layout.full_lines = static_cast<int>(__reduce_min_sync(kAllLanes, lane_slots));
  layout.lines = static_cast<int>(__reduce_max_sync(kAllLanes, lane_slots));
  const unsigned tail = lane_slots - layout.full_lines;
  unsigned tail_end = tail;
#pragma unroll
  for (unsigned distance = 1; distance < 32; distance *= 2) {
    const unsigned below = __shfl_up_sync(kAllLanes, tail_end, distance);
    if (lane >= distance) tail_end += below;
  }
  layout.tail_begin = tail_end - tail;
  layout.tail_slots = __shfl_sync(kAllLanes, tail_end, 31);
  return layout;
}

__device__ __forceinline__ void write_header(std::byte* chunk, const SlotLayout& layout,
                                             unsigned lane) {
  auto& header = *reinterpret_cast<lane_chunk::Header*>(chunk);
  header.tail_begins[lane] = static_cast<std::uint16_t>(layout.tail_begin);
  constexpr unsigned words = (sizeof header - offsetof(lane_chunk::Header, tail_slots)) / 4;
  const unsigned totals =
      layout.tail_slots | layout.full_lines << 16 | (layout.lines - layout.full_lines) << 24;
  if (lane < words) reinterpret_cast<unsigned*>(&header.tail_slots)[lane] = lane == 0 ? totals : 0;
}

/// Writes full lines and tails, and zeros behind them.
__device__ __forceinline__ void store_lines(const Shared& shared, uint2* slots, unsigned capacity,
                                            const SlotLayout& layout, int warp, unsigned lane) {
  for (int line = warp; line < layout.lines; line += Tile::kWarps) {
    const int full = line < layout.full_lines ? line : layout.full_lines;
    const unsigned target =
        full * lane_chunk::kLanes +
        (line < layout.full_lines ? lane : layout.tail_begin + (line - layout.full_lines));
    if ((layout.lane_slots > static_cast<unsigned>(line)) & (target < capacity))
      slots[target] = reinterpret_cast<const uint2*>(&shared.lines[line][0])[lane];
  }
  const unsigned spare = layout.tail_slots + layout.full_lines * lane_chunk::kLanes + threadIdx.x;
  if (spare < capacity) slots[spare] = make_uint2(0, 0);
}

/// The chunk that the block is to pack of a sequence of kv_len tokens; -1 when there is none.
__device__ __forceinline__ int chunk_to_pack(const PackProblem& problem, int kv_len) {
  const int left = kv_len - problem.window;
  if (problem.newest_only) {
    const bool completed = left > 0 && left % lane_chunk::kTokens == 0;
    return completed ? left / lane_chunk::kTokens - 1 : -1;
  }
  const int chunk = problem.first_chunk + static_cast<int>(blockIdx.x);
  return (chunk + 1) * lane_chunk::kTokens <= left ? chunk : -1;
}

__global__ void __launch_bounds__(Tile::kThreads) pack_twin(const PackProblem problem) {
  extern __shared__ __align__(256) unsigned char memory[];
  Shared& shared = *reinterpret_cast<Shared*>(memory);
  const unsigned lane = threadIdx.x & 31u;
  // The shuffle tells the compiler that the index is the same in all lanes.
  const int warp = static_cast<int>(__shfl_sync(kAllLanes, threadIdx.x >> 5, 0));
  const int chunk = chunk_to_pack(problem, problem.kv_lengths[blockIdx.z]);
  if (chunk < 0) return;

  const std::int64_t head_row = std::int64_t{blockIdx.z} * problem.kv_heads + blockIdx.y;
  std::byte* target = problem.chunks + (head_row * problem.chunk_capacity + chunk) *
                                           lane_chunk::chunk_bytes(kHeadDim, problem.kept);

  prune_tile(problem, head_row, chunk * lane_chunk::kTokens, warp, lane, shared);
  __syncwarp();

  shared.counts[warp][lane] = write_bitmap(shared, target, warp, lane);
  __syncthreads();

  const unsigned elements = count_before(shared, lane_chunk::kTiles, lane);
  const unsigned lane_slots =
      (elements + lane_chunk::kSlotElements - 1) / lane_chunk::kSlotElements;
  const SlotLayout layout = lay_out_slots(lane_slots, lane);
  if (warp == 0) {
    write_header(target, layout, lane);
    if (elements != 0)  // the last slot may be filled in part
      reinterpret_cast<uint2*>(&shared.lines[lane_slots - 1][0])[lane] = make_uint2(0, 0);
  }
  __syncthreads();

  write_stream(shared, warp, lane, count_before(shared, warp, lane));
  __syncthreads();

  store_lines(shared, reinterpret_cast<uint2*>(target + lane_chunk::slots_offset(kHeadDim)),
              static_cast<unsigned>(lane_chunk::slots(problem.kept)), layout, warp, lane);
}

}  // namespace

void launch_pack_twin(const PackProblem& problem, Device& device) {
  constexpr int shared_bytes = static_cast<int>(sizeof(Shared));
  KVROOF_CUDA_CHECK(
      cudaFuncSetAttribute(pack_twin, cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes));
  const dim3 grid(static_cast<unsigned>(compress::grid_chunks(problem)),
                  static_cast<unsigned>(problem.kv_heads), static_cast<unsigned>(problem.batch));
  pack_twin<<<grid, Tile::kThreads, shared_bytes, static_cast<CudaDevice&>(device).stream()>>>(
      problem);
  KVROOF_CUDA_CHECK(cudaGetLastError());
}

}  // namespace kvroof::twin
