// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/device.hpp"
#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/method.hpp"

// What the rules of a case choose: by the reference, and by the kernels of kernels/prune.
namespace kvroof::validate {

inline constexpr int kScoringQueries = 4;  // per head: the window that output-aware rules look at

/// Whether the rule of a side looks at queries or at attention weights.
bool is_scored(const Case& one);

/// For one (sequence, kv head): the window of queries, drawn from the case's seed and none of
/// them the one that attends, and the attention weights that they give, rounded to F32.
analysis::Scoring scoring_of(const Case& one, const inputs::KvTensors& inputs, int sequence,
                             int kv_head, const reference::Matrix& keys);

/// What survives of a side, as the reference chooses it.
reference::Mask rule_mask(const Case& one, Operand side, const HeadTensors& head);

/// The same for a cache whose oldest tokens lie in chunks: all of the others survives.
reference::Mask chunk_mask(const Case& one, Operand side, const HeadTensors& head);
HeadMasks chunk_masks(const Case& one, const HeadTensors& head);

/// Throws std::invalid_argument with the reason unless kernels/prune can choose a side of the case.
void require_prunable(const Case& one, Operand side);

/// What kernels/prune chooses of one side: a bitmap per row,
/// [batch, kv_heads, max_kv_len, head_dim / 64] (prune::PruneProblem). `rows` are the side's dense
/// rows, device. Waits for the device.
DeviceBuffer<std::uint64_t> prune_on_device(const Case& one, Operand side,
                                            const inputs::KvTensors& inputs,
                                            const std::uint16_t* rows,
                                            const std::int32_t* kv_lengths, Device& device);

/// The same from the host's inputs, read back; rows that no sequence has are 0.
std::vector<std::uint64_t> prune_on_device(const Case& one, Operand side,
                                           const inputs::KvTensors& inputs, Device& device);

/// Such bitmaps of one (sequence, kv head) as a mask, [kv_len, head_dim].
reference::Mask to_mask(const Case& one, const std::vector<std::uint64_t>& bitmaps, int sequence,
                        int kv_head);

/// Compares them with the reference: equal, bit for bit, or failed.
KernelResult compare_masks(const Case& one, Operand side, const inputs::KvTensors& inputs,
                           const std::vector<std::uint64_t>& bitmaps);

}  // namespace kvroof::validate
