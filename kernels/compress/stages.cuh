// SPDX-License-Identifier: Apache-2.0
#pragma once

// The steps of the pack kernel (kernel.cuh).

#include "kernels/compress/deal.cuh"
#include "kernels/compress/problem.hpp"
#include "kernels/compress/select.cuh"
#include "kernels/compress/stream.cuh"
#include "kernels/primitives/warp_scan.cuh"

namespace kvroof::KVROOF_BACKEND::compress {

using kvroof::compress::PackProblem;

/// The 64 rows of a chunk in the ring of one (sequence, kv head): rows [first, first + 64) of
/// [batch, kv_heads, row_capacity], of which those from `wrap` on lie `capacity` rows lower.
struct RingRows {
  std::int64_t first;
  int wrap;  // tokens of the chunk before the ring's end, at most 64
  int capacity;
};
KVROOF_DEVICE RingRows find_rows(const PackProblem& problem, std::int64_t head_row, int chunk) {
  int row = chunk * lane_chunk::kTokens;
  if (row >= problem.row_capacity) row = row % problem.row_capacity;
  const int wrap = problem.row_capacity - row;
  return {head_row * problem.row_capacity + row,
          wrap < lane_chunk::kTokens ? wrap : lane_chunk::kTokens, problem.row_capacity};
}
/// The chunk's `token` in an array of rows of row_bytes.
KVROOF_DEVICE const std::byte* row_at(const void* array, const RingRows& ring, U32 token,
                                      int row_bytes) {
  const std::byte* row = static_cast<const std::byte*>(array) + ring.first * row_bytes +
                         token * static_cast<unsigned>(row_bytes);
  const std::int64_t ring_bytes = std::int64_t{row_bytes} * ring.capacity;
  return token < static_cast<unsigned>(ring.wrap) ? row : row - ring_bytes;
}

/// Copies the warp's tile to shared memory.
template <int HeadDim>
KVROOF_DEVICE void load_tile(const PackProblem& problem, const RingRows& ring, U32 lane,
                             typename PackTile<HeadDim>::Shared& shared) {
  constexpr int row_bytes = PackTile<HeadDim>::kRowBytes;
  constexpr unsigned pieces = row_bytes / 16;  // of a row
  constexpr int rounds = lane_chunk::kTileTokens * row_bytes / (16 * kWarpSize);
  constexpr int round_rows = kWarpSize / static_cast<int>(pieces);
  const U32 first = lane / pieces + static_cast<unsigned>(warp_index() * lane_chunk::kTileTokens);
  const U32 column = lane % pieces * 16u;
  std::byte* const target =
      &shared.rows[0][0] + first * static_cast<unsigned>(row_bytes + 16) + column;
  if (ring.wrap < lane_chunk::kTokens) {  // the whole block; rare, so one row after the other
    KVROOF_NO_UNROLL
    for (int i = 0; i < rounds; ++i) {
      const std::byte* const row =
          row_at(problem.rows, ring, first + static_cast<unsigned>(i * round_rows), row_bytes);
      store_shared(target + i * round_rows * (row_bytes + 16), load_global<U32x4>(row + column));
    }
    return;
  }
  const std::byte* const source = row_at(problem.rows, ring, first, row_bytes) + column;
  U32x4 loaded[rounds];
  KVROOF_UNROLL
  for (int i = 0; i < rounds; ++i)
    loaded[i] = load_global<U32x4>(source + i * round_rows * row_bytes);
  KVROOF_UNROLL
  for (int i = 0; i < rounds; ++i)
    store_shared(target + i * round_rows * (row_bytes + 16), loaded[i]);
}

/// Deals the survivors of the warp's tile to the lanes' units: choose(token, part, chosen) has the
/// lane's 64 channels of a row.
/// Called by: all 32 lanes, converged.
template <Operand Which, int HeadDim, class Choose>
KVROOF_DEVICE void deal_tile(U32 lane, std::uint32_t* units, Choose&& choose) {
  using Tile = PackTile<HeadDim>;
  constexpr unsigned rows = Tile::kRows;
  const bool on = lane < rows * Tile::kRowLanes;  // head_dim 64: two lanes have the same row
  const U32 part = select(on, lane / rows, U32(0u));
  KVROOF_UNROLL
  for (int first = 0; first < lane_chunk::kTileTokens; first += Tile::kRows) {
    const U32 row = lane % rows + static_cast<unsigned>(first);
    U32 chosen[2];
    choose(row + static_cast<unsigned>(warp_index() * lane_chunk::kTileTokens), part, chosen);
    deal_units<Which>(chosen, row, part, on, units + part * lane_chunk::kLanes);
  }
}

/// The lane's share of a row of the masks.
template <int HeadDim>
KVROOF_DEVICE void choose_by_mask(const PackProblem& problem, const RingRows& ring, U32 token,
                                  U32 part, U32 (&chosen)[2]) {
  choose_by_mask(row_at(problem.masks, ring, token, HeadDim / 8) + part * 8u, chosen);
}

/// Chooses the survivors of the warp's tile and deals them to the lanes' units.
/// Called by: all 32 lanes, converged; the tile is loaded.
template <Operand Which, int HeadDim>
KVROOF_DEVICE void prune_tile(const PackProblem& problem, const RingRows& ring, U32 lane,
                              typename PackTile<HeadDim>::Shared& shared) {
  constexpr unsigned stride = PackTile<HeadDim>::kRowBytes + 16;
  deal_tile<Which, HeadDim>(
      lane, &shared.units[warp_index()][0][0], [&](U32 token, U32 part, U32(&chosen)[2]) {
        if (problem.masks != nullptr) {
          return choose_by_mask<HeadDim>(problem, ring, token, part, chosen);
        }
        BitPlanes planes;
        load_planes(&shared.rows[0][0] + token * stride + part * 128u, planes);
        rank_nans_alike(problem.value_type == ValueType::kBF16, planes);
        choose_largest<HeadDim>(planes, problem.kept, part, chosen);
      });
}

/// Writes the lane's bitmap of the warp's tile: units of h = 0, then of h = 1.
template <int HeadDim>
KVROOF_DEVICE void store_bitmap(const U32 (&units)[PackTile<HeadDim>::kRowLanes], std::byte* chunk,
                                U32 lane) {
  constexpr int bytes = lane_chunk::units(HeadDim) * 2;
  std::byte* target = chunk + lane_chunk::kHeaderBytes + warp_index() * lane_chunk::kLanes * bytes +
                      lane * static_cast<unsigned>(bytes);
  const auto low_halves = [&](int i) { return byte_permute(units[i], units[i + 1], 0x5410u); };
  const auto high_halves = [&](int i) { return byte_permute(units[i], units[i + 1], 0x7632u); };
  if constexpr (HeadDim == 64) {
    store_global<U32>(target, units[0]);
  } else if constexpr (HeadDim == 128) {
    store_global(target, U32x2{low_halves(0), high_halves(0)});
  } else {
    store_global(target, U32x4{low_halves(0), low_halves(2), high_halves(0), high_halves(2)});
  }
}

/// Elements of a lane in the tiles before the warp's, and in all of them.
struct LaneCounts {
  U32 before;
  U32 total;
};
template <class Shared>
KVROOF_DEVICE LaneCounts sum_counts(const Shared& shared, U32 lane) {
  LaneCounts counts{0u, 0u};
  KVROOF_UNROLL
  for (int tile = 0; tile < lane_chunk::kTiles; ++tile) {
    if (tile == warp_index()) counts.before = counts.total;
    counts.total = counts.total + load_shared<U32>(&shared.counts[tile][0] + lane);
  }
  return counts;
}

/// Slots of a stream.
KVROOF_DEVICE U32 slots_of(U32 elements) {
  return (elements + static_cast<unsigned>(lane_chunk::kSlotElements - 1)) /
         lane_chunk::kSlotElements;
}

/// Adds to slots that lie across two tiles what the earlier one has of them.
/// Called by: one warp, when all streams are written.
template <int HeadDim>
KVROOF_DEVICE void join_tiles(typename PackTile<HeadDim>::Shared& shared, U32 lane) {
  U32 end = 0u;
  KVROOF_UNROLL
  for (int tile = 0; tile < lane_chunk::kTiles - 1; ++tile) {
    end = end + load_shared<U32>(&shared.counts[tile][0] + lane);
    const U32x2 pending = load_shared<U32x2>(&shared.ends[tile][0][0] + lane * 2u);
    const bool on = (end % 4u) != 0u;
    std::byte* const slot = slot_at(&shared.lines[0][0], end * 64u, lane);
    const U32x2 rest = load_shared_if<U32x2>(on, slot);
    store_shared_if(on, slot, U32x2{rest.x | pending.x, rest.y | pending.y});
  }
}

/// Where the slots of a chunk go.
struct SlotLayout {
  U32 lane_slots;
  U32 tail_begin, tail_end;  // of the lane
  U32 tail_slots;            // of all lanes
  int full_lines;
  int lines;  // of the longest lane
};
/// Called by: all 32 lanes, converged.
KVROOF_DEVICE SlotLayout lay_out_slots(U32 lane_slots, U32 lane) {
  const int full_lines = as_int(warp_min(lane_slots));
  const U32 tail = lane_slots - static_cast<unsigned>(full_lines);
  const U32 tail_end = warp_inclusive_sum(tail, lane);
  return {lane_slots, tail_end - tail,
          tail_end,   shuffle(tail_end, U32(kWarpSize - 1u)),
          full_lines, as_int(warp_max(lane_slots))};
}

/// Called by: all lanes of one warp.
KVROOF_DEVICE void write_header(std::byte* chunk, const SlotLayout& layout, U32 lane) {
  using lane_chunk::Header;
  const U32 totals = static_cast<unsigned>(layout.full_lines) |
                     static_cast<unsigned>((layout.lines - layout.full_lines) << 8);
  const U32 high_bits = select(lane < 4u, (totals >> (lane * 4u)) & 0xfu, U32(0u));
  store_global_u16(chunk + 2u * lane, layout.tail_end | high_bits << Header::kEndBits);
}

/// Writes full lines, which lie in the chunk as they do in shared memory, then the tails, and zeros
/// behind them.
/// Called by: all threads of the block, converged.
template <int HeadDim>
KVROOF_DEVICE void store_lines(const typename PackTile<HeadDim>::Shared& shared, std::byte* slots,
                               int capacity, const SlotLayout& layout, U32 lane) {
  constexpr int threads = PackTile<HeadDim>::kThreads;
  const std::byte* const lines = &shared.lines[0][0];
  const int full = layout.full_lines * lane_chunk::kLanes;
  // Less than `full` only for masks that keep too much; in both cases pairs of slots.
  const int pairs = (full < capacity ? full : capacity) / 2;
  for (int first = 0; first < pairs; first += threads) {
    const U32 pair = thread_index() + static_cast<unsigned>(first);
    const bool on = pair < static_cast<unsigned>(pairs);
    store_global_if(on, slots + pair * 16u, load_shared_if<U32x4>(on, lines + pair * 16u));
  }
  for (int line = layout.full_lines + warp_index(); line < layout.lines;
       line += PackTile<HeadDim>::kWarps) {
    const U32 target = layout.tail_begin + static_cast<unsigned>(full + line - layout.full_lines);
    const bool on = (layout.lane_slots > static_cast<unsigned>(line)) &
                    (target < static_cast<unsigned>(capacity));
    const U32x2 slot = load_shared_if<U32x2>(
        on, lines + line * lane_chunk::kLineBytes + lane * lane_chunk::kSlotBytes);
    store_global_if(on, slots + target * lane_chunk::kSlotBytes, slot);
  }
  // Fewer than `threads` slots are spare.
  const U32 spare = layout.tail_slots + static_cast<unsigned>(full) + thread_index();
  store_global_if(spare < static_cast<unsigned>(capacity), slots + spare * lane_chunk::kSlotBytes,
                  U32x2{0u, 0u});
}

}  // namespace kvroof::KVROOF_BACKEND::compress
