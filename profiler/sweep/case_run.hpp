// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/device.hpp"
#include "kernels/simt/simulator.hpp"
#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/sweep/configuration.hpp"
#include "profiler/validate/device_run.hpp"
#include "profiler/validate/validate.hpp"

namespace kvroof::sweep {

/// Thrown where the time of a configuration is up; what() says at which stage.
class TimedOut : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// When to give a configuration up. Asked between stages only: a kernel is never cut.
class Deadline {
 public:
  /// 0: never.
  explicit Deadline(double seconds);
  /// Throws TimedOut when the time is up before `stage`.
  void check(std::string_view stage) const;

 private:
  double seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A case that has run on a device: its inputs and everything it left. The kernels of a case share
/// one.
struct CaseRun {
  validate::Case one;
  inputs::KvTensors inputs;
  validate::DeviceResult result;
  std::vector<simt::LaunchRecord> launches;  // simulator only
  std::vector<std::string> reports;          // of the simulator's checks
};

/// Runs pack and decode of a case. Throws TimedOut, and as validate::run_on_device() does.
CaseRun run_case(const validate::Case& one, Device& device, const Deadline& deadline);

/// Which (sequence, kv head) pairs the reference checks.
struct CheckPlan {
  std::vector<std::int64_t> rows;  // sequence * kv_heads + kv head, ascending
  std::int64_t rows_total = 0;
  bool complete() const { return static_cast<std::int64_t>(rows.size()) == rows_total; }
};

/// All rows where the reference can do them in reasonable time, that is up to kFullCheckElements
/// elements of keys; else as many as that, at least two, spread evenly from the first to the last.
/// `most_rows` > 0 fixes their number instead. Deterministic.
inline constexpr std::int64_t kFullCheckElements = std::int64_t{1} << 23;
CheckPlan plan_check(const validate::Case& one, std::int64_t most_rows);

/// What checking one kernel of a case gave. The worst index is that of the whole problem.
struct CheckResult {
  validate::Status status = validate::Status::kPassed;
  std::string reason;
  double max_abs_error = 0;
  double max_rel_error = 0;
  double tolerance_share = 0;
  std::vector<std::int64_t> worst_index;
  std::int64_t num_checked = 0;  // elements compared
  std::int64_t num_mismatched = 0;
  CheckPlan coverage;
};

/// Compares one kernel's result with the reference, row by row, as profiler/validate does for a
/// whole case. Hazards that the simulator reported fail every kernel of the case.
CheckResult check_kernel(std::string_view kernel, const CaseRun& run, const CheckPlan& plan,
                         const Deadline& deadline);

}  // namespace kvroof::sweep
