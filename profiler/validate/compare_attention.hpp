// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/validate.hpp"

namespace kvroof::validate {

/// Compares outputs and log-sum-exps with the reference: two results, "decode" and "decode_lse".
std::vector<KernelResult> compare_attention(const Case& one, const inputs::KvTensors& inputs,
                                            const DeviceResult& result);

}  // namespace kvroof::validate
