// SPDX-License-Identifier: Apache-2.0
#pragma once

// The copies that make a cache grow; packing is kernels/compress.
//
// append_kernel  a block per sequence, which alone reads and writes the sequence's length: all its
//                threads read it, meet, and one writes it.
// adopt_kernel   x: 8 tokens that stay dense, y: kv head, z: sequence. It reads the prompt's
// lengths
//                and writes the cache's, so no block waits for another.
// Both move 16 bytes per thread and access.

#include "kernels/cache/backends.hpp"
#include "kernels/cache/problem.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND::cache {

using kvroof::cache::AdoptProblem;
using kvroof::cache::AppendProblem;
using kvroof::cache::DenseWindow;
using kvroof::cache::kAdoptTokens;
using kvroof::cache::kPieceBytes;
using kvroof::cache::kThreads;

/// Bytes from the start of a window, or of a prompt with other `rows`, to a row of (sequence,
/// head).
KVROOF_DEVICE std::int64_t row_offset(const DenseWindow& window, int sequence, int head, int rows,
                                      int row) {
  const std::int64_t head_row = std::int64_t{sequence} * window.kv_heads + head;
  return (head_row * rows + row) * window.head_dim * 2;
}

KVROOF_DEVICE void copy_piece(bool on, void* to, const void* from, std::int64_t to_offset,
                              std::int64_t from_offset) {
  const U32x4 piece = load_global_if<U32x4>(on, static_cast<const std::byte*>(from) + from_offset);
  store_global_if(on, static_cast<std::byte*>(to) + to_offset, piece);
}

KVROOF_KERNEL(kThreads)
append_kernel(const AppendProblem problem) {
  const DenseWindow& to = problem.to;
  const int sequence = block_index_x();
  const int kv_len = as_int(load_global<U32>(to.kv_lengths + sequence));
  if (kv_len >= to.max_kv_len) return;  // full; the whole block
  const int row_pieces = to.head_dim * 2 / kPieceBytes;
  const int pieces = to.kv_heads * row_pieces;
  const int row = kv_len % to.row_capacity;
  for (int first = 0; first < pieces; first += kThreads) {
    const int piece = first + as_int(thread_index());
    const int in_row = piece % row_pieces * kPieceBytes;
    const std::int64_t target =
        row_offset(to, sequence, piece / row_pieces, to.row_capacity, row) + in_row;
    const std::int64_t source = row_offset(to, sequence, piece / row_pieces, 1, 0) + in_row;
    copy_piece(piece < pieces, to.keys, problem.keys, target, source);
    copy_piece(piece < pieces, to.values, problem.values, target, source);
  }
  sync_threads();  // everybody has read the length
  store_global_if(thread_index() == 0u, to.kv_lengths + sequence,
                  U32(static_cast<unsigned>(kv_len + 1)));
}

KVROOF_KERNEL(kThreads)
adopt_kernel(const AdoptProblem problem) {
  const DenseWindow& to = problem.to;
  const int sequence = block_index_z();
  const int head = block_index_y();
  const int length = as_int(load_global<U32>(problem.lengths + sequence));
  const int row_pieces = to.head_dim * 2 / kPieceBytes;
  const int first =
      lane_chunk::compressed_tokens(length, to.window) + block_index_x() * kAdoptTokens;
  for (int begin = 0; begin < kAdoptTokens * row_pieces; begin += kThreads) {
    const int piece = begin + as_int(thread_index());
    const int token = first + piece / row_pieces;
    const int in_row = piece % row_pieces * kPieceBytes;
    const std::int64_t target =
        row_offset(to, sequence, head, to.row_capacity, token % to.row_capacity) + in_row;
    const std::int64_t source = row_offset(to, sequence, head, problem.prompt_rows, token) + in_row;
    const bool on = piece < kAdoptTokens * row_pieces && token < length;
    copy_piece(on, to.keys, problem.keys, target, source);
    copy_piece(on, to.values, problem.values, target, source);
  }
  const bool writes_length = block_index_x() == 0 && head == 0 && thread_index() == 0u;
  store_global_if(writes_length, to.kv_lengths + sequence, U32(static_cast<unsigned>(length)));
}

}  // namespace kvroof::KVROOF_BACKEND::cache
