// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cache/problem.hpp"
#include "kernels/compress/problem.hpp"
#include "kernels/device.hpp"

namespace kvroof::cache {

struct CacheConfig {
  int batch = 0;
  int kv_heads = 0;
  int head_dim = 0;
  ValueType value_type = ValueType::kF16;
  int max_kv_len = 0;  // tokens that every sequence has room for, at least 1
  int window = 0;      // most recent tokens that always stay dense
  int kept_keys = 0;   // elements per row, 1 .. head_dim
  int kept_values = 0;
};

/// Throws std::invalid_argument with a sentence unless a cache can be made of it.
void validate(const CacheConfig& config);

/// Rows for every sequence of a batch, in device memory.
struct Prompt {
  const void* keys =
      nullptr;  // [batch, kv_heads, row_capacity, head_dim] of the cache's value type
  const void* values = nullptr;  // the same shape, both 16-byte aligned
  int row_capacity = 0;
  const std::int32_t* lengths = nullptr;  // [batch], device; 0 .. max_length
  int max_length = 0;                     // host-side bound of lengths, at most row_capacity
};

/// Where the parts of a cache lie, as attention::DecodeProblem takes them.
struct CacheView {
  const std::int32_t* kv_lengths;  // [batch]
  const std::byte* key_chunks;     // [batch, kv_heads, chunk_capacity, chunk_bytes(head_dim, kept)]
  const std::byte* value_chunks;
  int chunk_capacity;
  const void* window_keys;  // [batch, kv_heads, window_capacity, head_dim], token p in row
                            // p % window_capacity
  const void* window_values;
  int window_capacity;
};

/// A pruned KV cache that grows in place, on a Device that must outlive it.
///
/// All memory is allocated at once. New tokens enter a ring of window + 64 dense rows; when 64 of
/// them have left the window, the pack kernel prunes and packs them, on the device, into the next
/// chunk. Nothing that is packed moves again. Lengths live in device memory and no call waits for
/// the device, so the launches of one append(), captured as a CUDA graph, can be replayed for every
/// step.
class KvCache {
 public:
  /// Throws std::invalid_argument as validate() does, std::runtime_error when there is no room.
  KvCache(Device& device, const CacheConfig& config);

  /// One token for every sequence: keys and values are [batch, kv_heads, head_dim] in device
  /// memory, 16-byte aligned. Launches append, pack_keys and pack_values. Throws
  /// std::invalid_argument, and launches nothing, when a pointer is null or misaligned or a
  /// sequence could outgrow max_kv_len.
  void append(const void* keys, const void* values);

  /// Counts a token per sequence that a replay of a captured append() will add: a replay runs past
  /// this object. Throws as append() does when there is no room. (A replay beyond the room leaves a
  /// full sequence as it is.)
  void count_replay();

  /// Fills an empty cache. Throws std::invalid_argument, and launches nothing, when the cache is
  /// not empty or the prompt does not fit.
  void prefill(const Prompt& prompt);

  /// Forgets all tokens, in stream order; memory stays.
  void clear();

  const CacheConfig& config() const { return config_; }
  CacheView view() const;
  /// Host-side bound of the longest sequence.
  int most_tokens() const { return most_tokens_; }
  /// Device memory of all parts.
  std::size_t bytes() const;

 private:
  DenseWindow dense_window() const;
  /// Of a step: packs the newest chunk out of the ring.
  compress::PackProblem pack_problem(Operand operand) const;
  void require_room(int tokens) const;

  Device& device_;
  CacheConfig config_;
  int chunk_capacity_;
  int most_tokens_ = 0;
  DeviceBuffer<std::int32_t> kv_lengths_;
  DeviceBuffer<std::uint16_t> window_keys_;
  DeviceBuffer<std::uint16_t> window_values_;
  DeviceBuffer<std::byte> key_chunks_;
  DeviceBuffer<std::byte> value_chunks_;
};

}  // namespace kvroof::cache
