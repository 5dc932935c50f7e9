// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention of one warp to chunks of the compressed prefix.

#include <type_traits>

#include "kernels/attention/warp_state.cuh"
#include "kernels/format/variable_rows.hpp"
#include "kernels/primitives/bitmap_expand.cuh"
#include "kernels/primitives/chunk_stage.cuh"
#include "kernels/primitives/static_for.cuh"

namespace kvroof::KVROOF_BACKEND::attention {

/// Where a chunk lies in global memory, and how much of it is copied.
struct ChunkPlace {
  const std::byte* begin;
  int bytes;
};

/// The chunks of one row of K or V. Addresses are made anew for every chunk: what they are made of
/// lies in constant memory, registers are dear.
template <class Tile>
struct ChunkReader {
  const kvroof::attention::CompressedOperand& operand;
  int row;
  int chunk_capacity;
  int lines;  // of a buffer: what is longer does not fit() and is gathered, not copied

  KVROOF_DEVICE ChunkPlace operator[](int chunk) const {
    if (operand.offsets == nullptr) {
      // chunk_bytes() in 32 bits: it divides, and a warp makes an address for every chunk.
      const std::int64_t index = chunk_capacity * std::int64_t{row} + chunk;
      const auto slots = static_cast<std::uint32_t>(lane_chunk::slots(operand.kept));
      const std::uint32_t units = lane_chunk::variable_chunk_units(Tile::kHeadDim, slots);
      const std::uint32_t stride = units * lane_chunk::kCopyBytes;
      return {operand.chunks + index * stride, static_cast<int>(stride)};
    }
    constexpr unsigned unit = variable_rows::kOffsetBytes;
    const std::uint32_t* offset =
        operand.offsets + variable_rows::offset_index(row, chunk, chunk_capacity);
    const auto begin = static_cast<std::uint32_t>(load_global<U32>(offset));
    const auto end = static_cast<std::uint32_t>(load_global<U32>(offset + 1));
    const auto most_bytes = Tile::Buffer::bytes(lines) - Tile::Buffer::kChunkOffset;
    const std::uint32_t most_units = static_cast<std::uint32_t>(most_bytes) / unit;
    const std::uint32_t units = end - begin < most_units ? end - begin : most_units;
    return {operand.chunks + unit * std::int64_t{begin}, static_cast<int>(units * unit)};
  }
};

/// A chunk that can be expanded.
struct StagedChunk {
  const std::byte* bitmaps;
  const std::byte* column;  // the calling lane's
};

/// Scores of 8 query heads per head tile and the 64 tokens of a chunk.
template <class Tile>
using ChunkScores = F32[Tile::kHeadTiles][lane_chunk::kTiles][4];

/// Tiles of a chunk that a loop body expands: one of all four, for keys and for values, outgrows
/// the instruction cache.
inline constexpr int kTilesAtOnce = 2;
static_assert(lane_chunk::kTiles % kTilesAtOnce == 0);

/// Moves what stands for tiles to the tiles kTilesAtOnce before, so that a loop over tiles names
/// registers that do not depend on its index.
template <class OfTile, int HeadTiles>
KVROOF_DEVICE void next_tiles(OfTile (&tiles)[HeadTiles][lane_chunk::kTiles]) {
  KVROOF_UNROLL
  for (auto& of_head_tile : tiles) {
    KVROOF_UNROLL
    for (int tile = kTilesAtOnce; tile < lane_chunk::kTiles; ++tile) {
      KVROOF_UNROLL
      for (int i = 0; i < static_cast<int>(std::extent_v<OfTile>); ++i)
        of_head_tile[tile - kTilesAtOnce][i] = of_head_tile[tile][i];
    }
  }
}

/// Scores of the 64 tokens of a key chunk, not scaled.
template <class Value, class Tile, class Queries>
KVROOF_DEVICE void score_chunk(const StagedChunk& chunk, const Queries& queries, U32 lane,
                               ChunkScores<Tile>& scores) {
  constexpr int head_dim = Tile::kHeadDim;
  constexpr int newest = lane_chunk::kTiles - kTilesAtOnce;
  const U32 bitmaps = shared_address(chunk.bitmaps);
  LaneStream stream = open_stream(chunk.column);
  KVROOF_NO_UNROLL
  for (int first = 0; first < lane_chunk::kTiles; first += kTilesAtOnce) {
    next_tiles(scores);
    KVROOF_UNROLL
    for (int tile = 0; tile < kTilesAtOnce; ++tile) {
      // Else the compiler would load all queries once and spill them.
      if constexpr (Tile::kQueriesInShared) sync_warp();
      const LaneBits<head_dim> bits = load_lane_bits<head_dim>(bitmaps, first + tile, lane);
      KVROOF_UNROLL
      for (auto& of_tile : scores) {
        KVROOF_UNROLL
        for (int c = 0; c < 4; ++c) of_tile[newest + tile][c] = 0.0f;
      }
      static_for<lane_chunk::steps(head_dim)>([&](auto step) {
        U32 a[4];
        expand_step<head_dim, step()>(stream, bits, a);
        KVROOF_UNROLL
        for (int head_tile = 0; head_tile < Tile::kHeadTiles; ++head_tile) {
          const U32x2 b = queries(head_tile, step());
          mma_m16n8k16<Value>(scores[head_tile][newest + tile], a, b.x, b.y);
        }
      });
    }
  }
}

/// The probabilities of a chunk as operands B, 16 tokens x 8 heads each: half the registers.
template <class Tile>
using ChunkWeights = U32[Tile::kHeadTiles][lane_chunk::kTiles][2];

template <class Value, class Tile>
KVROOF_DEVICE void chunk_weights(const ChunkScores<Tile>& probabilities,
                                 ChunkWeights<Tile>& weights) {
  KVROOF_UNROLL
  for (int head_tile = 0; head_tile < Tile::kHeadTiles; ++head_tile) {
    KVROOF_UNROLL
    for (int tile = 0; tile < lane_chunk::kTiles; ++tile)
      probabilities_as_operand<Value>(probabilities[head_tile][tile], weights[head_tile][tile]);
  }
}

/// Adds probabilities x values of the 64 tokens of a value chunk to the outputs. Uses up the
/// weights.
template <class Value, class Tile>
KVROOF_DEVICE void accumulate_chunk(const StagedChunk& chunk, ChunkWeights<Tile>& weights, U32 lane,
                                    WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  constexpr int head_dim = Tile::kHeadDim;
  const U32 bitmaps = shared_address(chunk.bitmaps);
  LaneStream stream = open_stream(chunk.column);
  KVROOF_NO_UNROLL
  for (int first = 0; first < lane_chunk::kTiles; first += kTilesAtOnce) {
    KVROOF_UNROLL
    for (int tile = 0; tile < kTilesAtOnce; ++tile) {
      const LaneBits<head_dim> bits = load_lane_bits<head_dim>(bitmaps, first + tile, lane);
      static_for<lane_chunk::steps(head_dim)>([&](auto step) {
        U32 a[4];
        expand_step<head_dim, step()>(stream, bits, a);
        KVROOF_UNROLL
        for (int head_tile = 0; head_tile < Tile::kHeadTiles; ++head_tile) {
          const U32(&b)[2] = weights[head_tile][tile];
          mma_m16n8k16<Value>(results[head_tile].outputs[step()], a, b[0], b[1]);
        }
      });
    }
    next_tiles(weights);
  }
}

/// The two buffers of a warp and the copies into them.
template <class Tile>
struct WarpBuffers {
  std::byte* keys;
  int lines;  // of a buffer
  WarpCopy key_copy;
  WarpCopy value_copy;

  KVROOF_DEVICE std::byte* values() const { return keys + Tile::Buffer::bytes(lines); }
  KVROOF_DEVICE std::byte* queries() const { return keys + Tile::query_offset(lines); }
  KVROOF_DEVICE void start_keys(const ChunkPlace& chunk) {
    start_warp_copy(key_copy, keys + Tile::Buffer::kChunkOffset, chunk.begin, chunk.bytes);
  }
  KVROOF_DEVICE void start_values(const ChunkPlace& chunk) {
    start_warp_copy(value_copy, values() + Tile::Buffer::kChunkOffset, chunk.begin, chunk.bytes);
  }
};

/// Called by: all 32 lanes, converged; once per kernel.
template <class Tile>
KVROOF_DEVICE WarpBuffers<Tile> make_warp_buffers(std::byte* shared, int lines) {
  using Barriers = typename Tile::CopyBarriers;
  return {shared, lines, make_warp_copy(shared + offsetof(Barriers, keys)),
          make_warp_copy(shared + offsetof(Barriers, values))};
}

/// Chunk `chunk`, which `buffer` holds, spread there, or gathered over all of the buffers.
template <class Tile>
KVROOF_DEVICE StagedChunk stage_chunk(std::byte* buffer, const LaneShare& share, bool spread,
                                      const ChunkReader<Tile>& chunks, int chunk, U32 lane) {
  if (spread) {
    spread_tails<Tile::kHeadDim>(buffer, share, lane);
  } else {
    gather_streams<Tile::kHeadDim>(buffer, chunks[chunk].begin, share, lane);
  }
  return {buffer + Tile::Buffer::kChunkOffset + lane_chunk::kHeaderBytes,
          column_of<Tile::kHeadDim>(buffer, lane)};
}

/// Attends to chunks [chunk, end) of a row, one after the other. The next keys are on their way
/// while values are used and the other way round. A chunk with a lane too long for one buffer takes
/// both: what is under way is awaited and dropped, and its values come into the same place once its
/// keys are done. Called by: all 32 lanes, converged. Leaves no copy under way.
template <class Value, class Tile>
KVROOF_DEVICE void attend_chunks(const DecodeProblem& problem, const Row& row, int chunk, int end,
                                 WarpBuffers<Tile>& buffers,
                                 WarpResult<Tile::kHeadDim> (&results)[Tile::kHeadTiles]) {
  constexpr int head_dim = Tile::kHeadDim;
  constexpr int chunk_offset = Tile::Buffer::kChunkOffset;
  const U32 lane = lane_index();
  const ChunkReader<Tile> keys{problem.keys, row.index, problem.chunk_capacity, buffers.lines};
  const ChunkReader<Tile> values{problem.values, row.index, problem.chunk_capacity, buffers.lines};
  buffers.start_keys(keys[chunk]);
  buffers.start_values(values[chunk]);
  // update_softmax() wants a scale that keeps the order of the scores.
  const float scale = (problem.softmax_scale < 0.0f ? -kLog2E : kLog2E) * problem.softmax_scale;
  auto queries = query_place<Tile>(buffers.queries(), lane);
  load_group<Value, Tile>(problem, row, ChunkOrder{}, lane, problem.softmax_scale < 0.0f, queries);

  KVROOF_NO_UNROLL
  for (; chunk < end; ++chunk) {
    const bool has_next = chunk + 1 < end;

    wait_warp_copy(buffers.key_copy);
    const LaneShare key_share = load_lane_share(buffers.keys + chunk_offset, lane);
    bool apart = fits<head_dim>(key_share, buffers.lines);  // keys and values in a buffer each
    if (!apart) wait_warp_copy(buffers.value_copy);
    ChunkScores<Tile> scores{};
    score_chunk<Value, Tile>(stage_chunk<Tile>(buffers.keys, key_share, apart, keys, chunk, lane),
                             queries, lane, scores);
    if (has_next && apart) buffers.start_keys(keys[chunk + 1]);

    std::byte* value_buffer = buffers.values();
    LaneShare value_share;
    if (apart) {
      wait_warp_copy(buffers.value_copy);
      value_share = load_lane_share(buffers.values() + chunk_offset, lane);
      apart = fits<head_dim>(value_share, buffers.lines);
      if (!apart && has_next) wait_warp_copy(buffers.key_copy);
    }
    KVROOF_UNROLL
    for (int tile = 0; tile < Tile::kHeadTiles; ++tile)
      update_softmax(scores[tile], scale, results[tile].softmax, results[tile].outputs);
    ChunkWeights<Tile> weights;
    chunk_weights<Value, Tile>(scores, weights);
    if (!apart) {
      value_buffer = buffers.keys;
      const ChunkPlace place = values[chunk];
      start_warp_copy(buffers.key_copy, buffers.keys + chunk_offset, place.begin, place.bytes);
      wait_warp_copy(buffers.key_copy);
      value_share = load_lane_share(buffers.keys + chunk_offset, lane);
    }
    accumulate_chunk<Value, Tile>(
        stage_chunk<Tile>(value_buffer, value_share, apart, values, chunk, lane), weights, lane,
        results);
    if (has_next) {
      if (!apart) buffers.start_keys(keys[chunk + 1]);  // dropped above, or never started
      buffers.start_values(values[chunk + 1]);
    }
  }
}

}  // namespace kvroof::KVROOF_BACKEND::attention
