// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "profiler/sweep/case_run.hpp"
#include "profiler/sweep/plan.hpp"
#include "traces/trace.hpp"
#include "traces/write.hpp"

namespace kvroof::sweep {

/// Adds to a record what somebody else knows: a prediction, a measured time. Called for every
/// configuration that ran and passed, before its record is written.
using Complete = std::function<void(const Planned&, const CaseRun&, traces::Record&)>;

struct SweepOptions {
  double timeout_seconds = 0;   // per configuration; 0: none
  std::int64_t check_rows = 0;  // as plan_check()'s most_rows
  std::vector<Complete> complete{};
};

/// Runs one configuration after the other. The kernels of a case share its run.
class Sweeper {
 public:
  Sweeper(Device& device, SweepOptions options);

  /// Everything about the configuration, whatever happens to it: a skip, a failure of the device
  /// and running out of time are records too.
  traces::Record run(const Planned& planned);

 private:
  const CaseRun& case_run(const validate::Case& one, const Deadline& deadline);
  void run_and_check(const Planned& planned, traces::Record& record);

  Device& device_;
  SweepOptions options_;
  std::optional<CaseRun> last_run_;
  std::optional<validate::Case> last_case_;  // as asked for
};

/// The latest record of every configuration of an earlier trace, by key.
using Finished = std::map<std::string, traces::Record>;

/// Reads what a trace holds; `warnings` gets its complaints. A file that is not there holds
/// nothing. Throws traces::TraceError when it is no trace or of a newer schema.
Finished read_finished(const std::filesystem::path& path, std::vector<std::string>& warnings);

/// Whether the configuration needs no other try: it passed or failed, or would be skipped again.
bool is_finished(const Planned& planned, const Finished& finished);

/// Appends to a trace file, whose folder it makes; environment and ceilings, where they are known,
/// in front of the first record.
class TraceOutput {
 public:
  /// Throws traces::TraceError when the file cannot be written or is no trace.
  TraceOutput(const std::filesystem::path& path, traces::Environment environment,
              std::optional<traces::Ceilings> ceilings = {});
  void append(traces::Record& record);
  const std::vector<std::string>& notices() const { return writer_.notices(); }

 private:
  traces::Writer writer_;
  traces::Environment environment_;
  std::optional<traces::Ceilings> ceilings_;
};

}  // namespace kvroof::sweep
