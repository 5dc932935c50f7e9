// SPDX-License-Identifier: Apache-2.0
#include "kernels/compress/problem.hpp"

#include "kernels/error.hpp"
#include "kernels/format/variable_rows.hpp"

namespace kvroof::compress {

void reject_instance(const PackProblem& p) {
  fail("pack: head_dim must be 64, 128 or 256, got {}", p.head_dim);
}

namespace {

/// The rows that are read must lie in the ring together.
void validate_rows(const PackProblem& p) {
  if (p.newest_only) {
    const std::int64_t rows = std::int64_t{p.window} + lane_chunk::kTokens;
    require(p.row_capacity >= rows,
            "pack: a window of {} tokens and the chunk that leaves it need {} rows, there are {}",
            p.window, rows, p.row_capacity);
    return;
  }
  require(p.first_chunk <= p.chunk_capacity,
          "pack: first_chunk must be at most chunk_capacity ({}), got {}", p.chunk_capacity,
          p.first_chunk);
  const std::int64_t unpacked = p.max_kv_len - std::int64_t{p.first_chunk} * lane_chunk::kTokens;
  require(p.row_capacity >= unpacked, "pack: {} tokens from chunk {} on need {} rows, there are {}",
          p.max_kv_len, p.first_chunk, unpacked, p.row_capacity);
}

bool is_aligned(const void* pointer, std::size_t alignment) {
  return pointer != nullptr && reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0;
}

void validate_offsets(const PackProblem& p) {
  require(is_aligned(p.offsets, sizeof(std::uint32_t)),
          "pack: offsets must be null or a pointer aligned to {} bytes, got {}",
          sizeof(std::uint32_t), static_cast<const void*>(p.offsets));
  require(p.masks != nullptr, "pack: chunks with offsets are for masks, there are none");
  require(p.first_chunk == 0 && !p.newest_only,
          "pack: chunks with offsets are packed as a whole, not from chunk {} on{}", p.first_chunk,
          p.newest_only ? " or the newest only" : "");
  constexpr std::int64_t most = variable_rows::kOffsetBytes * (std::int64_t{1} << 32);
  require(p.chunks_bytes >= 0 && p.chunks_bytes <= most,
          "pack: chunks_bytes must be 0 to {}, got {}", most, p.chunks_bytes);
}

}  // namespace

void validate(const PackProblem& p) {
  require(p.batch > 0 && p.kv_heads > 0, "pack: batch and kv_heads must be positive, got {} and {}",
          p.batch, p.kv_heads);
  constexpr int grid_limit = 65535;  // of gridDim.y and .z
  require(p.batch <= grid_limit && p.kv_heads <= grid_limit,
          "pack: batch and kv_heads must be at most {}, got {} and {}", grid_limit, p.batch,
          p.kv_heads);
  if (p.head_dim != 64 && p.head_dim != 128 && p.head_dim != 256) reject_instance(p);
  if (p.offsets == nullptr) lane_chunk::require_supported(p.head_dim, p.kept);
  require(p.max_kv_len >= 0 && p.window >= 0 && p.first_chunk >= 0,
          "pack: max_kv_len, window and first_chunk must not be negative, got {}, {} and {}",
          p.max_kv_len, p.window, p.first_chunk);
  const int chunks = p.max_kv_len <= p.window ? 0 : (p.max_kv_len - p.window) / lane_chunk::kTokens;
  require(p.chunk_capacity >= chunks,
          "pack: {} tokens with a window of {} make {} chunks, there is room for {}", p.max_kv_len,
          p.window, chunks, p.chunk_capacity);
  validate_rows(p);
  constexpr std::size_t vector_bytes = 16;
  require(p.row_capacity == 0 || is_aligned(p.rows, vector_bytes),
          "pack: rows must be a pointer aligned to {} bytes, got {}", vector_bytes, p.rows);
  require(p.masks == nullptr || is_aligned(p.masks, sizeof(std::uint64_t)),
          "pack: masks must be null or a pointer aligned to {} bytes, got {}",
          sizeof(std::uint64_t), static_cast<const void*>(p.masks));
  require(p.chunk_capacity == 0 || is_aligned(p.chunks, vector_bytes),
          "pack: chunks must be a pointer aligned to {} bytes, got {}", vector_bytes,
          static_cast<const void*>(p.chunks));
  require(is_aligned(p.kv_lengths, sizeof(std::int32_t)),
          "pack: kv_lengths must be a pointer aligned to {} bytes, got {}", sizeof(std::int32_t),
          static_cast<const void*>(p.kv_lengths));
  if (p.offsets != nullptr) validate_offsets(p);
}

}  // namespace kvroof::compress
