// SPDX-License-Identifier: Apache-2.0
#pragma once

// The steps of the pack kernel (kernel.cuh).

#include "kernels/compress/problem.hpp"
#include "kernels/compress/tile.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/primitives/magnitude.cuh"
#include "kernels/primitives/warp_scan.cuh"

namespace kvroof::KVROOF_BACKEND::compress {

using kvroof::compress::PackProblem;
using kvroof::compress::PackTile;

// ---- choosing
// ------------------------------------------------------------------------------------------------------

/// A lane's share of the kRows rows that a warp chooses from at a time.
template <int HeadDim>
struct RowBatch {
  U32 values[PackTile<HeadDim>::kRows][PackTile<HeadDim>::kLaneElements];  // 16-bit, as stored
  U32 magnitudes[PackTile<HeadDim>::kRows][PackTile<HeadDim>::kLaneElements];
};

template <class Value, int HeadDim>
KVROOF_DEVICE void load_rows(const Value* const (&rows)[PackTile<HeadDim>::kRows], U32 lane,
                             RowBatch<HeadDim>& batch) {
  constexpr int words = PackTile<HeadDim>::kLaneElements / 2;
  KVROOF_UNROLL
  for (int r = 0; r < PackTile<HeadDim>::kRows; ++r) {
    U32 packed[words];
    const Value* source = rows[r] + lane * static_cast<unsigned>(2 * words);
    if constexpr (words == 1) {
      packed[0] = load_global<U32>(source);
    } else if constexpr (words == 2) {
      const U32x2 pair = load_global<U32x2>(source);
      packed[0] = pair.x;
      packed[1] = pair.y;
    } else {
      const U32x4 quad = load_global<U32x4>(source);
      packed[0] = quad.x;
      packed[1] = quad.y;
      packed[2] = quad.z;
      packed[3] = quad.w;
    }
    KVROOF_UNROLL
    for (int word = 0; word < words; ++word) {
      batch.values[r][2 * word] = packed[word] & 0xffffu;
      batch.values[r][2 * word + 1] = packed[word] >> 16;
    }
    KVROOF_UNROLL
    for (int e = 0; e < 2 * words; ++e) {
      batch.magnitudes[r][e] = magnitude_of<Value>(batch.values[r][e]);
    }
  }
}

/// Per row, how many of its elements in the whole warp satisfy `test(row, magnitude)`.
/// Called by: all 32 lanes, converged.   Valid in: every lane.
template <int HeadDim, class Test>
KVROOF_DEVICE void count_elements(const RowBatch<HeadDim>& batch, Test&& test,
                                  U32 (&counts)[PackTile<HeadDim>::kRows]) {
  using Tile = PackTile<HeadDim>;
  U32 packed = 0u;
  KVROOF_UNROLL
  for (int r = 0; r < Tile::kRows; ++r) {
    U32 count = 0u;
    KVROOF_UNROLL
    for (int e = 0; e < Tile::kLaneElements; ++e)
      count = select(test(r, batch.magnitudes[r][e]), count + 1u, count);
    packed = packed + (count << (Tile::kCountBits * r));
  }
  packed = warp_sum(packed);
  KVROOF_UNROLL
  for (int r = 0; r < Tile::kRows; ++r) {
    counts[r] = (packed >> (Tile::kCountBits * r)) & ((1u << Tile::kCountBits) - 1u);
  }
}

/// The kept-th largest magnitude of every row, bit by bit from the top: the largest m of which at
/// least `kept` elements reach m. Called by: all 32 lanes, converged.   Valid in: every lane.
template <int HeadDim>
KVROOF_DEVICE void find_thresholds(const RowBatch<HeadDim>& batch, int kept,
                                   U32 (&thresholds)[PackTile<HeadDim>::kRows]) {
  constexpr int magnitude_bits = 15;
  KVROOF_UNROLL
  for (int r = 0; r < PackTile<HeadDim>::kRows; ++r) thresholds[r] = 0u;
  KVROOF_NO_UNROLL
  for (int bit = magnitude_bits - 1; bit >= 0; --bit) {
    U32 counts[PackTile<HeadDim>::kRows];
    count_elements<HeadDim>(
        batch, [&](int r, U32 magnitude) { return magnitude >= (thresholds[r] | (1u << bit)); },
        counts);
    KVROOF_UNROLL
    for (int r = 0; r < PackTile<HeadDim>::kRows; ++r) {
      thresholds[r] = select(counts[r] >= static_cast<unsigned>(kept), thresholds[r] | (1u << bit),
                             thresholds[r]);
    }
  }
}

/// Per row, how many elements equal to the threshold lie in lower lanes.
/// Called by: all 32 lanes, converged.
template <int HeadDim>
KVROOF_DEVICE void count_ties_below(const RowBatch<HeadDim>& batch,
                                    const U32 (&thresholds)[PackTile<HeadDim>::kRows], U32 lane,
                                    U32 (&ties)[PackTile<HeadDim>::kRows]) {
  using Tile = PackTile<HeadDim>;
  U32 own = 0u;
  KVROOF_UNROLL
  for (int r = 0; r < Tile::kRows; ++r) {
    U32 count = 0u;
    KVROOF_UNROLL
    for (int e = 0; e < Tile::kLaneElements; ++e) {
      count = select(batch.magnitudes[r][e] == thresholds[r], count + 1u, count);
    }
    own = own + (count << (Tile::kCountBits * r));
  }
  const U32 exclusive = warp_inclusive_sum(own, lane) - own;
  KVROOF_UNROLL
  for (int r = 0; r < Tile::kRows; ++r) {
    ties[r] = (exclusive >> (Tile::kCountBits * r)) & ((1u << Tile::kCountBits) - 1u);
  }
}

/// Bit e of kept[r]: element e of the lane survives in row r. Exactly `kept_per_row` of a row do.
/// Called by: all 32 lanes, converged.
template <int HeadDim>
KVROOF_DEVICE void choose_elements(const RowBatch<HeadDim>& batch, int kept_per_row, U32 lane,
                                   U32 (&kept)[PackTile<HeadDim>::kRows]) {
  using Tile = PackTile<HeadDim>;
  U32 thresholds[Tile::kRows];
  find_thresholds<HeadDim>(batch, kept_per_row, thresholds);
  U32 above[Tile::kRows];
  count_elements<HeadDim>(
      batch, [&](int r, U32 magnitude) { return magnitude > thresholds[r]; }, above);
  U32 ties[Tile::kRows];
  count_ties_below<HeadDim>(batch, thresholds, lane, ties);
  KVROOF_UNROLL
  for (int r = 0; r < Tile::kRows; ++r) {
    const U32 allowed_ties = static_cast<unsigned>(kept_per_row) - above[r];
    kept[r] = 0u;
    KVROOF_UNROLL
    for (int e = 0; e < Tile::kLaneElements; ++e) {
      const bool tie = batch.magnitudes[r][e] == thresholds[r];
      const bool above_threshold = batch.magnitudes[r][e] > thresholds[r];
      const bool kept_tie = tie & (ties[r] < allowed_ties);
      // Without branches: for && and || ptxas takes 64 registers instead of 45, and more code.
      const bool keep = above_threshold | kept_tie;
      kept[r] = kept[r] | select(keep, U32(1u << e), U32(0u));
      ties[r] = select(tie, ties[r] + 1u, ties[r]);
    }
  }
}

/// The same out of masks [head_row, row_capacity, HeadDim bits]; `first_token` is the first row's.
/// Called by: all 32 lanes.
template <int HeadDim>
KVROOF_DEVICE void load_choice(const PackProblem& problem, std::int64_t head_row, int first_token,
                               U32 lane, U32 (&kept)[PackTile<HeadDim>::kRows]) {
  using Tile = PackTile<HeadDim>;
  const U32 first_bit = lane * static_cast<unsigned>(Tile::kLaneElements);
  KVROOF_UNROLL
  for (int r = 0; r < Tile::kRows; ++r) {
    const std::int64_t row =
        head_row * problem.row_capacity + (first_token + r) % problem.row_capacity;
    const std::byte* words =
        reinterpret_cast<const std::byte*>(problem.masks) + row * (HeadDim / 8);
    const U32 word = load_global<U32>(words + first_bit / 32u * 4u);
    kept[r] = (word >> (first_bit % 32u)) & ((1u << Tile::kLaneElements) - 1u);
  }
}

/// Loads the tile's 16 rows, chooses, and leaves values and choice in shared memory.
template <class Value, int HeadDim>
KVROOF_DEVICE void prune_tile(const PackProblem& problem, std::int64_t head_row, int first_token,
                              typename PackTile<HeadDim>::Shared& shared) {
  using Tile = PackTile<HeadDim>;
  const U32 lane = lane_index();
  const int tile_row = warp_index() * lane_chunk::kTileTokens;
  const Value* ring =
      static_cast<const Value*>(problem.rows) + head_row * problem.row_capacity * HeadDim;
  for (int first = tile_row; first < tile_row + lane_chunk::kTileTokens; first += Tile::kRows) {
    const Value* rows[Tile::kRows];
    KVROOF_UNROLL
    for (int r = 0; r < Tile::kRows; ++r) {
      rows[r] = ring + static_cast<std::int64_t>((first_token + first + r) % problem.row_capacity) *
                           HeadDim;
    }
    RowBatch<HeadDim> batch;
    load_rows<Value, HeadDim>(rows, lane, batch);
    U32 kept[Tile::kRows];
    if (problem.masks != nullptr) {
      load_choice<HeadDim>(problem, head_row, first_token + first, lane, kept);
    } else {
      choose_elements<HeadDim>(batch, problem.kept, lane, kept);
    }
    KVROOF_UNROLL
    for (int r = 0; r < Tile::kRows; ++r) {
      store_shared_u8(&shared.kept[first + r][0] + lane, kept[r]);
      KVROOF_UNROLL
      for (int e = 0; e < Tile::kLaneElements; e += 2) {
        store_shared<U32>(
            &shared.rows[first + r][e] + lane * static_cast<unsigned>(Tile::kLaneElements),
            batch.values[r][e] | (batch.values[r][e + 1] << 16));
      }
    }
  }
}

// ---- packing
// -------------------------------------------------------------------------------------------------------

/// Calls visit(step, h, i, token, channel) for the elements of the calling thread, lane
/// `lane_index()` of tile `warp_index()`, in stream order.
template <Operand Which, int HeadDim, class Visit>
KVROOF_DEVICE void for_each_element(U32 lane, Visit&& visit) {
  const U32 g = lane >> 2;
  const U32 t = lane & 3u;
  const U32 tile_row = static_cast<unsigned>(warp_index() * lane_chunk::kTileTokens);
  KVROOF_NO_UNROLL
  for (int step = 0; step < lane_chunk::steps(HeadDim); ++step) {
    KVROOF_UNROLL
    for (int h = 0; h < 2; ++h) {
      KVROOF_UNROLL
      for (int i = 0; i < lane_chunk::kNibble; ++i) {
        if constexpr (Which == Operand::kKeys) {
          visit(step, h, i, tile_row + g + static_cast<unsigned>(8 * h),
                lane_chunk::key_channel(t, step, i));
        } else {
          visit(step, h, i, tile_row + lane_chunk::value_token(t, i),
                lane_chunk::value_channel(g, step, h));
        }
      }
    }
  }
}

/// Whether element (token, channel) survived.
template <int HeadDim>
KVROOF_DEVICE bool is_kept(const typename PackTile<HeadDim>::Shared& shared, U32 token,
                           U32 channel) {
  constexpr unsigned elements = PackTile<HeadDim>::kLaneElements;
  const U32 bits = load_shared_u8(&shared.kept[0][0] + token * 32u + channel / elements);
  return ((bits >> (channel % elements)) & 1u) != 0u;
}

/// Writes the thread's bitmap units to the chunk and returns how many of its elements survived.
template <Operand Which, int HeadDim>
KVROOF_DEVICE U32 write_bitmap(const typename PackTile<HeadDim>::Shared& shared, std::byte* chunk,
                               U32 lane) {
  constexpr int units = lane_chunk::units(HeadDim);
  U32 bits[units];
  KVROOF_UNROLL
  for (int unit = 0; unit < units; ++unit) bits[unit] = 0u;
  U32 count = 0u;
  for_each_element<Which, HeadDim>(lane, [&](int step, int h, int i, U32 token, U32 channel) {
    const bool kept = is_kept<HeadDim>(shared, token, channel);
    count = select(kept, count + 1u, count);
    KVROOF_UNROLL
    for (int unit = 0; unit < units;
         ++unit) {  // a run-time index would put the array into local memory
      const U32 bit = select(unit == lane_chunk::unit_of(HeadDim, step, h),
                             U32(1u << lane_chunk::bit_of(step, i)), U32(0u));
      bits[unit] = bits[unit] | select(kept, bit, U32(0u));
    }
  });
  std::byte* target = chunk + lane_chunk::kHeaderBytes +
                      warp_index() * lane_chunk::kLanes * units * 2 +
                      lane * static_cast<unsigned>(units * 2);
  KVROOF_UNROLL
  for (int unit = 0; unit < units; unit += 2)
    store_global<U32>(target + 2 * unit, bits[unit] | (bits[unit + 1] << 16));
  return count;
}

/// Appends the thread's surviving elements to the lane's column, from element number `position` on.
template <Operand Which, int HeadDim>
KVROOF_DEVICE void write_stream(typename PackTile<HeadDim>::Shared& shared, U32 lane,
                                U32 position) {
  for_each_element<Which, HeadDim>(lane, [&](int, int, int, U32 token, U32 channel) {
    const bool kept = is_kept<HeadDim>(shared, token, channel);
    const U32 value = load_shared_u16_if(
        kept, &shared.rows[0][0] + token * static_cast<unsigned>(HeadDim + 2) + channel);
    std::byte* slot = &shared.lines[0][0] + (position / 4u) * lane_chunk::kLineBytes +
                      lane * lane_chunk::kSlotBytes + position % 4u;
    store_shared_u8_if(kept, slot, value >> 8);
    store_shared_u8_if(kept, slot + lane_chunk::kSlotElements, value & 0xffu);
    position = select(kept, position + 1u, position);
  });
}

/// Elements of the lane in the tiles before `tiles`.
template <int HeadDim>
KVROOF_DEVICE U32 count_before(const typename PackTile<HeadDim>::Shared& shared, int tiles,
                               U32 lane) {
  U32 count = 0u;
  for (int tile = 0; tile < tiles; ++tile)
    count = count + load_shared<U32>(&shared.counts[tile][0] + lane);
  return count;
}

/// Where the slots of a chunk go.
struct SlotLayout {
  U32 lane_slots;
  U32 tail_begin;  // of the lane
  U32 tail_slots;  // of all lanes
  int full_lines;
  int lines;  // of the longest lane
};
/// Called by: all 32 lanes, converged.
KVROOF_DEVICE SlotLayout lay_out_slots(U32 lane_slots, U32 lane) {
  const int full_lines = as_int(warp_min(lane_slots));
  const U32 tail = lane_slots - static_cast<unsigned>(full_lines);
  const U32 tail_end = warp_inclusive_sum(tail, lane);
  return {lane_slots, tail_end - tail, shuffle(tail_end, U32(kWarpSize - 1u)), full_lines,
          as_int(warp_max(lane_slots))};
}

/// Called by: all lanes of one warp.
KVROOF_DEVICE void write_header(std::byte* chunk, const SlotLayout& layout, U32 lane) {
  using lane_chunk::Header;
  store_global_u16(chunk + offsetof(Header, tail_begins) + 2u * lane, layout.tail_begin);
  const U32 totals = layout.tail_slots | static_cast<unsigned>(layout.full_lines << 16) |
                     static_cast<unsigned>((layout.lines - layout.full_lines) << 24);
  constexpr unsigned words = (sizeof(Header) - offsetof(Header, tail_slots)) / 4;
  store_global_if<U32>(lane < words, chunk + offsetof(Header, tail_slots) + 4u * lane,
                       select(lane == 0u, totals, U32(0u)));
}

/// Writes full lines and tails, every kWarps-th line by one warp, and zeros behind them.
/// Called by: all threads of the block, converged.
template <int HeadDim>
KVROOF_DEVICE void store_lines(const typename PackTile<HeadDim>::Shared& shared, std::byte* slots,
                               int capacity, const SlotLayout& layout, U32 lane) {
  for (int line = warp_index(); line < layout.lines; line += PackTile<HeadDim>::kWarps) {
    const bool has_slot = layout.lane_slots > static_cast<unsigned>(line);
    const int full = line < layout.full_lines ? line : layout.full_lines;
    const U32 target = static_cast<unsigned>(full * lane_chunk::kLanes) +
                       (line < layout.full_lines
                            ? lane
                            : layout.tail_begin + static_cast<unsigned>(line - layout.full_lines));
    const U32x2 slot =
        load_shared_if<U32x2>(has_slot, &shared.lines[line][0] + lane * lane_chunk::kSlotBytes);
    const bool fits = target < static_cast<unsigned>(capacity);  // but for masks that keep too much
    store_global_if<U32x2>(has_slot & fits, slots + target * lane_chunk::kSlotBytes, slot);
  }
  const U32 used =
      layout.tail_slots + static_cast<unsigned>(layout.full_lines * lane_chunk::kLanes);
  const U32 spare = used + thread_index();  // fewer than kThreads slots are spare
  store_global_if<U32x2>(spare < static_cast<unsigned>(capacity),
                         slots + spare * lane_chunk::kSlotBytes, U32x2{0u, 0u});
}

}  // namespace kvroof::KVROOF_BACKEND::compress
