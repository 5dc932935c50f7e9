// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/method.hpp"

namespace kvroof::validate {

/// One (sequence, kv head) as the reference wants it.
HeadTensors head_tensors(const Case& one, const inputs::KvTensors& inputs, int sequence,
                         int kv_head);

/// Compares outputs and log-sum-exps with the reference: two results, named after the kernel that
/// attends, "decode" and "decode_lse" for instance.
std::vector<KernelResult> compare_attention(const Case& one, const inputs::KvTensors& inputs,
                                            const DeviceResult& result);

/// Compares what one kernel of the case's method left: one result of a kernel that prepares the
/// cache, two of one that attends.
std::vector<KernelResult> compare_kernel(std::string_view kernel, const Case& one,
                                         const inputs::KvTensors& inputs,
                                         const DeviceResult& result);

}  // namespace kvroof::validate
