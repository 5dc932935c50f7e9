// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "profiler/validate/validate.hpp"

namespace kvroof::report {

/// What the numbers of a run depend on.
struct Environment {
  std::string backend;
  std::string device;   // name of the GPU, or of the simulated one
  std::string driver;   // "13.0", or empty without a driver
  std::string runtime;  // CUDA runtime this program was built with, or empty
  std::string host;
  std::string utc_time;  // ISO 8601
  std::vector<std::string> argv;
};
/// Host name, time and arguments filled in; the rest of the device.
Environment describe_environment(const Device& device, const std::vector<std::string>& argv);

/// A table for people: a line per kernel of every case, and a legend that says what each number is.
std::string validation_table(const std::vector<validate::CaseResult>& results,
                             const Device& device);

/// The same as JSON (docs/cli.md, "validate --json"): schema_version, environment, cases[].
std::string validation_json(const std::vector<validate::CaseResult>& results,
                            const Environment& environment);

}  // namespace kvroof::report
