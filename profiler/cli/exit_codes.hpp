// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include "profiler/validate/validate.hpp"

namespace kvroof::cli {

// What the program's exit code means, for every command.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;  // something went wrong while running
inline constexpr int kExitUsage = 2;    // the arguments, or a file they name, cannot be used
inline constexpr int kExitValidationFailed = 3;  // a case failed validation
inline constexpr int kExitRegression = 4;        // compare --fail-on-regression found one
inline constexpr int kExitNothingRan = 5;        // a sweep or validate skipped everything
inline constexpr int kExitInterrupted = 130;     // SIGINT

/// Whether no case of a validation ran.
inline bool all_skipped(const std::vector<validate::CaseResult>& results) {
  return std::all_of(results.begin(), results.end(), [](const validate::CaseResult& result) {
    return result.status() == validate::Status::kSkipped;
  });
}

/// Of a finished validation: an error outweighs a failure.
inline int exit_code(const std::vector<validate::CaseResult>& results) {
  int code = kExitOk;
  for (const validate::CaseResult& result : results) {
    if (result.status() == validate::Status::kError) return kExitFailure;
    if (result.status() == validate::Status::kFailed) code = kExitValidationFailed;
  }
  return code;
}

}  // namespace kvroof::cli
