// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/device.hpp"
#include "kernels/value_types.hpp"
#include "profiler/report/table.hpp"

namespace kvroof::report {

/// Whether there is a kernel for one combination of a backend and a shape.
struct KernelSupport {
  std::string_view kernel;
  std::string_view method;
  Backend backend = Backend::kSim;
  int head_dim = 0;
  ValueType value_type = ValueType::kF16;
  int group = 0;       // query heads of a kv head
  std::string reason;  // why not; empty where there is one
};

/// Every kernel with both backends, the head_dims 64, 96, 128, 192 and 256, both value types and
/// groups of 1 to 17 and 1024, as the kernels themselves answer on an H200. What this build lacks
/// counts as unsupported.
std::vector<KernelSupport> kernel_support();

/// For people: the kernels; what is supported, groups as ranges; why the rest is not; which rules
/// each method can store; which options of a case each refuses.
std::vector<Table> kernel_tables(const std::vector<KernelSupport>& support);
/// A row per combination.
Table kernel_table(const std::vector<KernelSupport>& support);

}  // namespace kvroof::report
