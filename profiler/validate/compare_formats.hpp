// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/case.hpp"
#include "profiler/validate/result.hpp"

namespace kvroof::validate {

/// Encodes and decodes what the rules of the case keep in every format that can hold it, on the
/// host: identical, or failed. Named "formats".
KernelResult compare_formats(const Case& one, const inputs::KvTensors& inputs);

}  // namespace kvroof::validate
