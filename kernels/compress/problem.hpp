// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/format/lane_chunk.hpp"
#include "kernels/value_types.hpp"

namespace kvroof::compress {

/// Prune and pack: the tokens of every sequence that have left its dense window become chunks
/// (format/lane_chunk.hpp).
///
/// Rule: per-token magnitude, exactly `kept` elements of every row (Mustafar, arXiv 2505.22913,
/// section 2, without the released code's extra elements). Of equal magnitudes the lowest channels
/// survive; NaN ranks above infinity. Any other rule comes as masks (kernels/prune); where its rows
/// keep different counts, chunks have different sizes and a table of offsets
/// (format/variable_rows.hpp), which is made on the device too.
struct PackProblem {
  int batch = 0;
  int kv_heads = 0;
  int head_dim = 0;
  ValueType value_type = ValueType::kF16;
  Operand operand = Operand::kKeys;
  int kept = 0;  // per row, 1 .. head_dim; not read with offsets

  const void* rows = nullptr;  // [batch, kv_heads, row_capacity, head_dim] of value_type, device;
                               // token p in row p % row_capacity
  int row_capacity = 0;
  const std::uint64_t* masks = nullptr;  // [batch, kv_heads, row_capacity, head_dim / 64], device:
                                         // channel c is bit c % 64 of word c / 64; without offsets
                                         // exactly `kept` of a row are set (else its chunk is no
                                         // chunk; no other memory is touched); null: per-token
                                         // magnitude
  const std::int32_t* kv_lengths = nullptr;  // [batch], device; 0 .. max_kv_len
  int max_kv_len = 0;                        // host-side bound of kv_lengths; sizes the grid
  int window = 0;                            // most recent tokens that stay dense

  int first_chunk = 0;          // chunks below are packed already and left alone
  bool newest_only = false;     // only the chunk that a sequence's last token completed, if it did:
                                // for caches that grow by a token; first_chunk is then not read
  std::byte* chunks = nullptr;  // [batch, kv_heads, chunk_capacity, chunk_bytes(head_dim, kept)],
                                // device, 16-byte aligned
  int chunk_capacity = 0;

  // Only for masks, packed as a whole: first_chunk 0, not newest_only.
  std::uint32_t* offsets = nullptr;  // [batch * kv_heads, chunk_capacity + 1], device, written;
                                     // null: chunks of one size
  std::int64_t chunks_bytes = 0;     // room at `chunks`; chunks that end beyond it are not written,
                                     // which the last offset tells. At most 512 GiB.
};

/// Throws std::invalid_argument with a sentence unless the problem can be launched.
void validate(const PackProblem& problem);

/// Throws std::invalid_argument: there is no kernel for the head_dim and value type of `problem`.
[[noreturn]] void reject_instance(const PackProblem& problem);

}  // namespace kvroof::compress
