// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fused prune and pack: dense rows in, one lane chunk out, one pass over the rows.
//
// pack_kernel        grid x: chunk (from first_chunk on, or the newest), y: kv head, z: sequence.
//                    Blocks beyond a sequence's chunks leave at once. Block: 4 warps; warp w prunes
//                    and packs tile w (16 tokens). Shared: the 64 rows, later the lines of slots in
//                    their place; units, counts (tile.hpp).
// size_kernel        masks whose rows keep different counts: how long each chunk will be; grid and
//                    block likewise.
// scan_kernel        their sums, the offsets; one block.
// Numerics           none: magnitudes are compared as integers, values are moved.
// More               docs/kernels/pack.md

#include "kernels/compress/stages.cuh"
#include "kernels/format/variable_rows.hpp"

namespace kvroof::KVROOF_BACKEND::compress {

/// The chunk that the block is to pack of a sequence of kv_len tokens; -1 when there is none.
KVROOF_DEVICE int chunk_to_pack(const PackProblem& problem, int kv_len) {
  const int left = kv_len - problem.window;  // tokens that have left the window
  if (problem.newest_only) {
    const bool completed = left > 0 && left % lane_chunk::kTokens == 0;
    return completed ? left / lane_chunk::kTokens - 1 : -1;
  }
  const int chunk = problem.first_chunk + block_index_x();
  return (chunk + 1) * lane_chunk::kTokens <= left ? chunk : -1;
}

KVROOF_DEVICE int load_length(const PackProblem& problem) {
  return as_int(load_global<U32>(problem.kv_lengths + block_index_z()));
}
KVROOF_DEVICE std::int64_t head_row_of_block(const PackProblem& problem) {
  return std::int64_t{block_index_z()} * problem.kv_heads + block_index_y();
}

/// Where a chunk begins in problem.chunks, and its slots.
struct Place {
  std::int64_t begin;
  int slots;
};
/// Whether there is room for the chunk.
template <int HeadDim>
KVROOF_DEVICE bool find_place(const PackProblem& problem, std::int64_t head_row, int chunk,
                              Place& place) {
  if (problem.offsets == nullptr) {
    place = {(head_row * problem.chunk_capacity + chunk) *
                 lane_chunk::chunk_bytes(HeadDim, problem.kept),
             static_cast<int>(lane_chunk::slots(problem.kept))};
    return true;
  }
  const std::uint32_t* offsets =
      problem.offsets + variable_rows::offset_index(head_row, chunk, problem.chunk_capacity);
  const std::int64_t begin = std::int64_t{load_global<U32>(offsets)} * variable_rows::kOffsetBytes;
  const std::int64_t end =
      std::int64_t{load_global<U32>(offsets + 1)} * variable_rows::kOffsetBytes;
  place = {begin, static_cast<int>(end - begin - lane_chunk::slots_offset(HeadDim)) /
                      lane_chunk::kSlotBytes};
  return end <= problem.chunks_bytes;
}

/// The lane's units of the warp's tile, and how many elements they name.
template <Operand Which, int HeadDim>
KVROOF_DEVICE U32 load_tile_units(const std::uint32_t* tile, U32 lane,
                                  U32 (&units)[PackTile<HeadDim>::kRowLanes]) {
  U32 count = 0u;
  KVROOF_UNROLL
  for (int part = 0; part < PackTile<HeadDim>::kRowLanes; ++part) {
    units[part] = load_units<Which>(tile + part * lane_chunk::kLanes, lane);
    count = count + popcount(units[part]);
  }
  return count;
}

template <int HeadDim, Operand Which>
KVROOF_KERNEL(PackTile<HeadDim>::kThreads, PackTile<HeadDim>::kBlocks)
pack_kernel(const PackProblem problem) {
  using Tile = PackTile<HeadDim>;
  auto& shared = shared_memory<typename Tile::Shared>();
  const int chunk = chunk_to_pack(problem, load_length(problem));
  if (chunk < 0) return;  // still in the window; the whole block
  const std::int64_t head_row = head_row_of_block(problem);
  Place place;
  if (!find_place<HeadDim>(problem, head_row, chunk, place)) return;
  std::byte* const target = problem.chunks + place.begin;
  const RingRows ring = find_rows(problem, head_row, chunk);
  const U32 lane = lane_index();
  const int warp = warp_index();

  load_tile<HeadDim>(problem, ring, lane, shared);
  make_places(&shared.places[0][0]);
  sync_warp();  // a warp packs the rows it pruned
  prune_tile<Which, HeadDim>(problem, ring, lane, shared);
  sync_warp();

  U32 units[Tile::kRowLanes];
  store_shared(&shared.counts[warp][0] + lane,
               load_tile_units<Which, HeadDim>(&shared.units[warp][0][0], lane, units));
  store_bitmap<HeadDim>(units, target, lane);
  LaneElements<HeadDim> elements;
  const std::byte* rows = &shared.rows[warp * lane_chunk::kTileTokens][0];
  if constexpr (Which == Operand::kKeys) {
    load_keys<HeadDim>(rows, lane, elements);
  } else {
    load_values<HeadDim>(rows, lane, elements);
  }
  sync_threads();  // the counts are there, and the rows make place for the lines

  const LaneCounts counts = sum_counts(shared, lane);
  const Stream end = write_stream<HeadDim>(elements, units, counts.before, lane,
                                           &shared.places[0][0], &shared.lines[0][0]);
  if (warp == Tile::kWarps - 1) {
    store_shared_if((end.position & 0xc0u) != 0u, slot_at(&shared.lines[0][0], end.position, lane),
                    U32x2{end.high, end.low});
  } else {
    store_shared(&shared.ends[warp][0][0] + lane * 2u, U32x2{end.high, end.low});
  }
  sync_threads();

  const SlotLayout layout = lay_out_slots(slots_of(counts.total), lane);
  if (warp == 0) {
    join_tiles<HeadDim>(shared, lane);
    write_header(target, layout, lane);
  }
  sync_threads();
  store_lines<HeadDim>(shared, target + lane_chunk::slots_offset(HeadDim), place.slots, layout,
                       lane);
}

/// Leaves the length of chunk block_index_x() in its offset, in units of 128 bytes; 0 for chunks
/// that a sequence does not have.
template <int HeadDim, Operand Which>
KVROOF_KERNEL(PackTile<HeadDim>::kThreads)
size_kernel(const PackProblem problem) {
  using Tile = PackTile<HeadDim>;
  auto& shared = shared_memory<typename Tile::SizeShared>();
  const std::int64_t head_row = head_row_of_block(problem);
  const int chunk = chunk_to_pack(problem, load_length(problem));
  const U32 lane = lane_index();
  U32 length = 0u;
  if (chunk >= 0) {  // the whole block
    const RingRows ring = find_rows(problem, head_row, chunk);
    std::uint32_t* const tile = &shared.units[warp_index()][0][0];
    deal_tile<Which, HeadDim>(lane, tile, [&](U32 token, U32 part, U32(&chosen)[2]) {
      choose_by_mask<HeadDim>(problem, ring, token, part, chosen);
    });
    sync_warp();
    U32 units[Tile::kRowLanes];
    store_shared(&shared.counts[warp_index()][0] + lane,
                 load_tile_units<Which, HeadDim>(tile, lane, units));
    sync_threads();
    const U32 slots = warp_sum(slots_of(sum_counts(shared, lane).total));
    length = lane_chunk::variable_chunk_units(HeadDim, slots);
  }
  store_global_if(thread_index() == 0u,
                  problem.offsets + variable_rows::offset_index(head_row, block_index_x(),
                                                                problem.chunk_capacity),
                  length);
}

/// Replaces each of `count` lengths by the sum of those before it.
KVROOF_KERNEL(kvroof::compress::kScanThreads)
scan_kernel(std::uint32_t* lengths, std::int64_t count) {
  auto& shared = shared_memory<kvroof::compress::ScanShared>();
  const U32 lane = lane_index();
  U32 before = 0u;  // of this round's first
  KVROOF_NO_UNROLL
  for (std::int64_t first = 0; first < count; first += kvroof::compress::kScanThreads) {
    const bool on = thread_index() < count - first;
    const U32 length = load_global_if<U32>(on, lengths + first + thread_index());
    const U32 up_to = warp_inclusive_sum(length, lane);
    store_shared_if(lane == 31u, &shared.warp_sums[warp_index()], up_to);
    sync_threads();
    const U32 warp_sum = load_shared<U32>(&shared.warp_sums[0] + lane);
    const U32 warps_up_to = warp_inclusive_sum(warp_sum, lane);
    const U32 lower_warps = shuffle(warps_up_to - warp_sum, U32(warp_index()));
    store_global_if(on, lengths + first + thread_index(), before + lower_warps + (up_to - length));
    before = before + shuffle(warps_up_to, U32(31u));
    sync_threads();
  }
}

}  // namespace kvroof::KVROOF_BACKEND::compress
