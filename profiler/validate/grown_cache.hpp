// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/cache/kv_cache.hpp"
#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/case.hpp"

namespace kvroof::validate {

/// A growing cache with the tokens of the case: all but the last `appended` of every sequence as a
/// prompt, those one by one. Waits for the device. Throws as cache::KvCache does.
cache::KvCache grow_cache(const Case& one, const inputs::KvTensors& inputs, Device& device);

}  // namespace kvroof::validate
