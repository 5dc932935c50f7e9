// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fused prune and pack: dense rows in, one lane chunk out, one pass over the rows.
//
// Grid      x: chunk (from first_chunk on, or the newest), y: kv head, z: sequence. Blocks beyond a
// sequence's chunks leave at once. Block     4 warps; warp w prunes and packs tile w (16 tokens), 4
// rows at a time. Shared    the 64 rows, the choice, the lanes' streams as columns, the lanes'
// counts (tile.hpp). Numerics  none: magnitudes are compared as integers, values are moved.

#include "kernels/compress/stages.cuh"

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

template <class Value, int HeadDim, Operand Which>
KVROOF_KERNEL(PackTile<HeadDim>::kThreads)
pack_kernel(const PackProblem problem) {
  using Tile = PackTile<HeadDim>;
  auto& shared = shared_memory<typename Tile::Shared>();
  const int chunk =
      chunk_to_pack(problem, as_int(load_global<U32>(problem.kv_lengths + block_index_z())));
  if (chunk < 0) return;  // still in the window; the whole block

  const std::int64_t head_row = std::int64_t{block_index_z()} * problem.kv_heads + block_index_y();
  const std::int64_t chunk_bytes = lane_chunk::chunk_bytes(HeadDim, problem.kept);
  std::byte* target = problem.chunks + (head_row * problem.chunk_capacity + chunk) * chunk_bytes;

  prune_tile<Value, HeadDim>(problem, head_row, chunk * lane_chunk::kTokens, shared);
  sync_warp();  // a warp packs the rows it pruned

  const U32 lane = lane_index();
  const U32 count = write_bitmap<Which, HeadDim>(shared, target, lane);
  store_shared<U32>(&shared.counts[warp_index()][0] + lane, count);
  sync_threads();

  const U32 elements = count_before<HeadDim>(shared, lane_chunk::kTiles, lane);
  const U32 lane_slots =
      (elements + static_cast<unsigned>(lane_chunk::kSlotElements - 1)) / lane_chunk::kSlotElements;
  const SlotLayout layout = lay_out_slots(lane_slots, lane);
  if (warp_index() == 0) {
    write_header(target, layout, lane);
    // The last slot may be filled in part: the rest of it is zero.
    store_shared_if<U32x2>(elements != 0u,
                           &shared.lines[0][0] + (lane_slots - 1u) * lane_chunk::kLineBytes +
                               lane * lane_chunk::kSlotBytes,
                           U32x2{0u, 0u});
  }
  sync_threads();

  write_stream<Which, HeadDim>(shared, lane, count_before<HeadDim>(shared, warp_index(), lane));
  sync_threads();

  store_lines<HeadDim>(shared, target + lane_chunk::slots_offset(HeadDim),
                       static_cast<int>(lane_chunk::slots(problem.kept)), layout, lane);
}

}  // namespace kvroof::KVROOF_BACKEND::compress
