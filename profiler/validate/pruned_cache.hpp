// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/attention/problem.hpp"
#include "kernels/device.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/case.hpp"
#include "profiler/validate/format_round_trip.hpp"
#include "reference/types.hpp"

// Caches whose oldest tokens are compressed, 64 at a time, and whose others lie in a ring.
namespace kvroof::validate {

/// Tokens that are compressed when kv_len are cached, and at most in the case.
int compressed_tokens(const Case& one, int kv_len);
int compressed_capacity(const Case& one);
/// Rows of the ring.
int ring_capacity(const Case& one);

/// Of the compressed ones, those that a rule prunes: not the sinks, nor those behind the last whole
/// group that follows the sinks.
int pruned_tokens(const Case& one, int kv_len);

/// Whether compressed rows of a side keep different numbers of elements, so that chunks have
/// different sizes.
bool has_offsets(const Case& one, Operand side);

/// Tokens of all sequences, each counted once per kv head.
struct TokenCount {
  std::int64_t compressed = 0;
  std::int64_t pruned = 0;  // of the compressed ones
  std::int64_t dense = 0;
};
TokenCount count_tokens(const Case& one);

/// A decode over chunks of 64 tokens as the kernels' own rules see it, with addresses that are only
/// looked at.
attention::DecodeProblem chunk_problem(const Case& one);

/// The compressed tokens of one side of one (sequence, kv head), for encoders on the host.
ChosenRows chosen_rows(const Case& one, const inputs::KvTensors& inputs, Operand side, int sequence,
                       int kv_head, const reference::Mask& mask);

/// The dense tokens of K or V, whose rows are [batch, kv_heads, max_kv_len, head_dim], as a ring,
/// [batch, kv_heads, capacity, head_dim].
DeviceBuffer<std::uint16_t> upload_ring(const Case& one, const std::vector<std::uint16_t>& rows,
                                        int capacity, std::string_view name, Device& device);
inline DeviceBuffer<std::uint16_t> upload_ring(const Case& one,
                                               const std::vector<std::uint16_t>& rows,
                                               std::string_view name, Device& device) {
  return upload_ring(one, rows, ring_capacity(one), name, device);
}

}  // namespace kvroof::validate
