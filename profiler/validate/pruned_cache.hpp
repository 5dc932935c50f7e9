// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/device.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/case.hpp"

// Caches whose oldest tokens are compressed, 64 at a time, and whose others lie in a ring.
namespace kvroof::validate {

/// Tokens that are compressed when kv_len are cached, and at most in the case.
int compressed_tokens(const Case& one, int kv_len);
int compressed_capacity(const Case& one);
/// Rows of the ring.
int ring_capacity(const Case& one);

/// The compressed tokens of one (sequence, kv head), pruned on the host by the reference.
struct PrunedRows {
  std::vector<std::uint16_t> rows;  // [tokens, head_dim], pruned entries included
  std::vector<std::uint8_t> mask;   // 1 = survives
};
struct PrunedHead {
  PrunedRows keys, values;
};
PrunedHead prune_head(const Case& one, const inputs::KvTensors& inputs, int sequence, int kv_head);

/// The dense tokens of K or V, whose rows are [batch, kv_heads, max_kv_len, head_dim], as a ring,
/// [batch, kv_heads, ring_capacity, head_dim].
DeviceBuffer<std::uint16_t> upload_ring(const Case& one, const std::vector<std::uint16_t>& rows,
                                        std::string_view name, Device& device);

}  // namespace kvroof::validate
