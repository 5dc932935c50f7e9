// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/device.hpp"

namespace kvroof::validate {

enum class Status { kPassed, kFailed, kSkipped, kError };
std::string_view to_string(Status status);  // "passed", "failed", "skipped", "error"

/// What the comparison of one kernel's result with the reference gave.
struct KernelResult {
  std::string kernel;  // as in validate/method.cpp; with _lse: its log-sum-exps
  Backend backend = Backend::kSim;
  Status status = Status::kPassed;
  double max_abs_error = 0.0;
  double max_rel_error = 0.0;
  double tolerance_used =
      0.0;  // largest error as a share of what the arithmetic allows there; above 1 fails
  double tolerance = 0.0;                 // the absolute error allowed at the worst element
  std::int64_t num_elements = 0;          // compared
  std::int64_t num_failures = 0;          // of them beyond tolerance, or not identical
  std::vector<std::int64_t> worst_index;  // [sequence, head, ...]; empty when nothing was compared
  std::string reason;                     // one sentence unless passed
};

}  // namespace kvroof::validate
