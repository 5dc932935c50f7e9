// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/format/lane_chunk.hpp"
#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/device_run.hpp"
#include "profiler/validate/result.hpp"
#include "reference/types.hpp"

namespace kvroof::validate {

/// The rows of one (sequence, kv head) of K or V as the reference wants them: [kv_len, head_dim].
reference::Matrix head_matrix(const Case& one, const std::vector<float>& tensor, int sequence,
                              int kv_head);

/// Decodes every packed chunk and compares it with the reference's choice, bit by bit.
KernelResult compare_pack(const Case& one, Operand operand, const inputs::KvTensors& inputs,
                          const DeviceResult& result);

}  // namespace kvroof::validate
