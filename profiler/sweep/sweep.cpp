// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/sweep.hpp"

#include <new>

#include "profiler/nvtx/ranges.hpp"
#include "profiler/sweep/record.hpp"
#include "traces/read.hpp"

namespace kvroof::sweep {
namespace {

void set_status(traces::Record& record, traces::Status status, const std::string& reason) {
  record.status = status;
  record.reason = reason;
}

}  // namespace

Sweeper::Sweeper(Device& device, SweepOptions options)
    : device_(device), options_(std::move(options)) {}

const CaseRun& Sweeper::case_run(const validate::Case& one, const Deadline& deadline) {
  if (last_case_ != one) {
    last_case_.reset();
    last_run_.reset();  // before the next: two may not fit
    last_run_ = run_case(one, device_, deadline);
    last_case_ = one;
  }
  return *last_run_;
}

void Sweeper::run_and_check(const Planned& planned, traces::Record& record) {
  const Deadline deadline(options_.timeout_seconds);
  const std::string& kernel = planned.configuration.kernel;
  const CaseRun& run = case_run(planned.configuration.one, deadline);
  add_run(planned, run, device_.backend(), record);
  const CheckPlan rows = plan_check(run.one, options_.check_rows);
  add_check(kernel, check_kernel(kernel, run, rows, deadline), record);
  if (record.status != traces::Status::passed) return;
  for (const Complete& complete : options_.complete) complete(planned, run, record);
}

traces::Record Sweeper::run(const Planned& planned) {
  const nvtx::Range range(nvtx::kConfiguration);
  traces::Record record = start_record(planned.configuration, device_.backend());
  try {
    if (planned.fit.skip_reason.empty()) {
      run_and_check(planned, record);
    } else {
      set_status(record, traces::Status::skipped, planned.fit.skip_reason);
    }
  } catch (const TimedOut& error) {
    set_status(record, traces::Status::timeout, error.what());
  } catch (const std::bad_alloc&) {
    set_status(record, traces::Status::error, "the host ran out of memory");
  } catch (const std::exception& error) {
    set_status(record, traces::Status::error, error.what());
  }
  record.utc_time = utc_now();
  return record;
}

Finished read_finished(const std::filesystem::path& path, std::vector<std::string>& warnings) {
  Finished finished;
  if (!std::filesystem::exists(path)) return finished;
  traces::Trace trace = traces::read_trace(path, traces::OnBadLine::warn);
  warnings.insert(warnings.end(), trace.warnings.begin(), trace.warnings.end());
  for (traces::Record& record : trace.records) {
    std::string key = traces::configuration_key(record);
    finished.insert_or_assign(std::move(key), std::move(record));
  }
  return finished;
}

bool is_finished(const Planned& planned, const Finished& finished) {
  const auto found = finished.find(planned.key);
  if (found == finished.end()) return false;
  switch (found->second.status) {
    case traces::Status::passed:
    case traces::Status::failed: return true;
    case traces::Status::skipped: return !planned.fit.skip_reason.empty();
    case traces::Status::error:
    case traces::Status::timeout: return false;
  }
  return false;
}

namespace {

/// The folder of a trace is made when it is not there.
const std::filesystem::path& with_folder(const std::filesystem::path& path) {
  std::error_code ignored;  // the writer says what is wrong
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  return path;
}

}  // namespace

TraceOutput::TraceOutput(const std::filesystem::path& path, traces::Environment environment,
                         std::optional<traces::Ceilings> ceilings)
    : writer_(with_folder(path)),
      environment_(std::move(environment)),
      ceilings_(std::move(ceilings)) {}

void TraceOutput::append(traces::Record& record) {
  record.environment_id = writer_.declare(environment_);
  if (ceilings_) record.ceilings_id = writer_.declare(*ceilings_);
  writer_.append(record);
}

}  // namespace kvroof::sweep
