// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "profiler/validate/compare_attention.hpp"
#include "profiler/validate/compare_pack.hpp"

namespace kvroof::validate {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::kPassed: return "passed";
    case Status::kFailed: return "failed";
    case Status::kSkipped: return "skipped";
    case Status::kError: return "error";
  }
  return "unknown";
}

Status CaseResult::status() const {
  const auto any = [&](Status wanted) {
    return std::any_of(kernels.begin(), kernels.end(),
                       [&](const KernelResult& kernel) { return kernel.status == wanted; });
  };
  if (any(Status::kError)) return Status::kError;
  if (any(Status::kFailed)) return Status::kFailed;
  return any(Status::kSkipped) ? Status::kSkipped : Status::kPassed;
}

namespace {

KernelResult error_result(const std::string& reason) {
  KernelResult result;
  result.kernel = "decode";
  result.status = Status::kError;
  result.reason = reason;
  return result;
}

/// The simulator's hazards make a failed result of their own, whatever the numbers say.
void append_reports(Device& device, std::vector<KernelResult>& kernels) {
  const std::vector<std::string> reports = device.take_reports();
  if (reports.empty()) return;
  KernelResult result;
  result.kernel = "hazards";
  result.status = Status::kFailed;
  result.reason = fmt::format("{} hazard{}: {}", reports.size(), reports.size() == 1 ? "" : "s",
                              fmt::join(reports, "; "));
  kernels.push_back(std::move(result));
}

}  // namespace

CaseResult validate(const Case& one, const inputs::KvTensors& inputs, Device& device,
                    const DeviceRunHooks& hooks) {
  CaseResult result;
  result.one = one;
  device.take_reports();  // what came before is not this case's
  try {
    const auto start = std::chrono::steady_clock::now();
    const DeviceResult run = run_on_device(one, inputs, device, hooks);
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.plan = attention::describe(run.plan);
    result.kernels.push_back(compare_pack(one, Operand::kKeys, inputs, run));
    result.kernels.push_back(compare_pack(one, Operand::kValues, inputs, run));
    for (KernelResult& kernel : compare_attention(one, inputs, run))
      result.kernels.push_back(std::move(kernel));
  } catch (const std::invalid_argument&) {
    throw;  // the case asks for something that does not exist
  } catch (const std::exception& error) {
    result.kernels.push_back(error_result(error.what()));
  }
  append_reports(device, result.kernels);
  for (KernelResult& kernel : result.kernels) kernel.backend = device.backend();
  return result;
}

CaseResult validate(const Case& one, Device& device, const DeviceRunHooks& hooks) {
  Case loaded = one;
  const inputs::KvTensors inputs = load_inputs(loaded);
  return validate(loaded, inputs, device, hooks);
}

}  // namespace kvroof::validate
