// SPDX-License-Identifier: Apache-2.0

// kernels/compress/kernel.cuh for keys of head_dim 128, written by hand in plain CUDA: the same
// steps in the same order, without the vocabulary of kernels/platform. What the two differ in is
// what the vocabulary costs (tests/architecture/zero_overhead.py, kvroof_bench_twin).

#include <cuda_runtime.h>

#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"
#include "kernels/format/variable_rows.hpp"
#include "tests/simt/twin/pack_twin.hpp"
#include "tests/simt/twin/pack_twin_steps.inl"

namespace kvroof::twin {
namespace {

__device__ __forceinline__ void join_tiles(Shared& shared, unsigned lane) {
  unsigned end = 0;
#pragma unroll
  for (int tile = 0; tile < lane_chunk::kTiles - 1; ++tile) {
    end += shared.counts[tile][lane];
    const uint2 pending = *reinterpret_cast<const uint2*>(shared.ends[tile][lane]);
    if (end % 4 == 0) continue;
    uint2* const slot = slot_at(shared, end * 64, lane);
    *slot = make_uint2(slot->x | pending.x, slot->y | pending.y);
  }
}

struct SlotLayout {
  unsigned lane_slots, tail_begin, tail_end, tail_slots;
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
  layout.tail_end = tail_end;
  layout.tail_slots = __shfl_sync(kAllLanes, tail_end, 31);
  return layout;
}

__device__ __forceinline__ void write_header(std::byte* chunk, const SlotLayout& layout,
                                             unsigned lane) {
  using lane_chunk::Header;
  const unsigned totals = layout.full_lines | (layout.lines - layout.full_lines) << 8;
  const unsigned high_bits = lane < 4 ? totals >> (lane * 4) & 0xf : 0;
  reinterpret_cast<Header*>(chunk)->lanes[lane] =
      static_cast<std::uint16_t>(layout.tail_end | high_bits << Header::kEndBits);
}

__device__ __forceinline__ void store_lines(const Shared& shared, std::byte* slots, int capacity,
                                            const SlotLayout& layout, int warp, unsigned lane) {
  const std::byte* const lines = &shared.lines[0][0];
  const int full = layout.full_lines * lane_chunk::kLanes;
  const unsigned pairs = min(full, capacity) / 2;
  for (unsigned pair = threadIdx.x; pair < pairs; pair += Tile::kThreads)
    reinterpret_cast<uint4*>(slots)[pair] = reinterpret_cast<const uint4*>(lines)[pair];
  for (int line = layout.full_lines + warp; line < layout.lines; line += Tile::kWarps) {
    const unsigned target = layout.tail_begin + full + line - layout.full_lines;
    if ((layout.lane_slots > static_cast<unsigned>(line)) &
        (target < static_cast<unsigned>(capacity))) {
      reinterpret_cast<uint2*>(slots)[target] =
          reinterpret_cast<const uint2*>(lines + line * lane_chunk::kLineBytes)[lane];
    }
  }
  const unsigned spare = layout.tail_slots + full + threadIdx.x;
  if (spare < static_cast<unsigned>(capacity))
    reinterpret_cast<uint2*>(slots)[spare] = make_uint2(0, 0);
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

struct Place {
  std::int64_t begin;
  int slots;
};
__device__ __forceinline__ bool find_place(const PackProblem& problem, std::int64_t head_row,
                                           int chunk, Place& place) {
  if (problem.offsets == nullptr) {
    place = {(head_row * problem.chunk_capacity + chunk) *
                 lane_chunk::chunk_bytes(kHeadDim, problem.kept),
             static_cast<int>(lane_chunk::slots(problem.kept))};
    return true;
  }
  const std::uint32_t* offsets =
      problem.offsets + variable_rows::offset_index(head_row, chunk, problem.chunk_capacity);
  const std::int64_t begin = std::int64_t{offsets[0]} * variable_rows::kOffsetBytes;
  const std::int64_t end = std::int64_t{offsets[1]} * variable_rows::kOffsetBytes;
  place = {begin, static_cast<int>(end - begin - lane_chunk::slots_offset(kHeadDim)) /
                      lane_chunk::kSlotBytes};
  return end <= problem.chunks_bytes;
}

__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks)
    pack_twin(const PackProblem problem) {
  extern __shared__ __align__(256) unsigned char memory[];
  Shared& shared = *reinterpret_cast<Shared*>(memory);
  const int chunk = chunk_to_pack(problem, problem.kv_lengths[blockIdx.z]);
  if (chunk < 0) return;
  const std::int64_t head_row = std::int64_t{blockIdx.z} * problem.kv_heads + blockIdx.y;
  Place place;
  if (!find_place(problem, head_row, chunk, place)) return;
  std::byte* const target = problem.chunks + place.begin;
  const RingRows ring = find_rows(problem, head_row, chunk);
  const unsigned lane = threadIdx.x & 31u;
  // The shuffle tells the compiler that the index is the same in all lanes.
  const int warp = static_cast<int>(__shfl_sync(kAllLanes, threadIdx.x >> 5, 0));

  load_tile(problem, ring, warp, lane, shared);
  make_places(&shared.places[0][0]);
  __syncwarp();
  prune_tile(problem, ring, warp, lane, shared);
  __syncwarp();

  const unsigned owner = (lane & 3u) * 8 + (lane >> 2);
  const Words units = {shared.units[warp][0][owner], shared.units[warp][1][owner]};
  shared.counts[warp][lane] = __popc(units[0]) + __popc(units[1]);
  reinterpret_cast<uint2*>(target + lane_chunk::kHeaderBytes)[warp * lane_chunk::kLanes + lane] =
      make_uint2(__byte_perm(units[0], units[1], 0x5410), __byte_perm(units[0], units[1], 0x7632));
  Elements elements;
  load_elements(&shared.rows[warp * kTileTokens][0], lane, elements);
  __syncthreads();

  unsigned before = 0, total = 0;
#pragma unroll
  for (int tile = 0; tile < lane_chunk::kTiles; ++tile) {
    if (tile == warp) before = total;
    total += shared.counts[tile][lane];
  }
  const Stream end = write_stream(elements, units, before, lane, shared);
  const uint2 pending = make_uint2(end.high, end.low);
  if (warp == Tile::kWarps - 1) {
    if (end.position & 0xc0u) *slot_at(shared, end.position, lane) = pending;
  } else {
    *reinterpret_cast<uint2*>(shared.ends[warp][lane]) = pending;
  }
  __syncthreads();

  const SlotLayout layout =
      lay_out_slots((total + lane_chunk::kSlotElements - 1) / lane_chunk::kSlotElements, lane);
  if (warp == 0) {
    join_tiles(shared, lane);
    write_header(target, layout, lane);
  }
  __syncthreads();
  store_lines(shared, target + lane_chunk::slots_offset(kHeadDim), place.slots, layout, warp, lane);
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
