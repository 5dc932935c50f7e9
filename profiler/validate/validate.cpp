// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "profiler/validate/compare_attention.hpp"
#include "profiler/validate/compare_formats.hpp"
#include "profiler/validate/rules.hpp"

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

KernelResult result_of(const Case& one, Status status, const std::string& reason) {
  KernelResult result;
  result.kernel = method_named(one.method).kernels.back();
  result.status = status;
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

void run_and_compare(const Method& method, const inputs::KvTensors& inputs, Device& device,
                     const DeviceRunHooks& hooks, CaseResult& result) {
  const auto start = std::chrono::steady_clock::now();
  const DeviceResult run = run_on_device(result.one, inputs, device, hooks);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.plan = run.plan;
  for (const std::string_view kernel : method.kernels) {
    for (KernelResult& compared : compare_kernel(kernel, result.one, inputs, run))
      result.kernels.push_back(std::move(compared));
  }
}

}  // namespace

CaseResult validate(const Case& one, const inputs::KvTensors& inputs, Device& device,
                    const DeviceRunHooks& hooks) {
  CaseResult result;
  result.one = one;
  device.take_reports();  // what came before is not this case's
  const Method& method = method_named(one.method);
  try {
    const std::string reason = method.why_not_on(device.backend());
    if (reason.empty()) {
      run_and_compare(method, inputs, device, hooks, result);
    } else {
      method.resources(one, device.info());  // refuses what runs nowhere
      result.kernels.push_back(result_of(one, Status::kSkipped, reason));
    }
  } catch (const std::invalid_argument&) {
    throw;  // the case asks for something that does not exist
  } catch (const std::exception& error) {
    result.kernels.push_back(result_of(one, Status::kError, error.what()));
  }
  append_reports(device, result.kernels);
  for (KernelResult& kernel : result.kernels) kernel.backend = device.backend();
  return result;
}

void check_rules(const inputs::KvTensors& inputs, Device& device, CaseResult& result) {
  const Case& one = result.one;
  if (storage_of(one, Operand::kKeys).rule != to_string(one.key_rule)) return;  // it asks no rule
  std::vector<KernelResult> checked;
  try {
    for (const Operand side : {Operand::kKeys, Operand::kValues})
      checked.push_back(
          compare_masks(one, side, inputs, prune_on_device(one, side, inputs, device)));
    checked.push_back(compare_formats(one, inputs));
  } catch (const std::invalid_argument&) {
    throw;
  } catch (const std::exception& error) {
    checked.push_back(result_of(one, Status::kError, error.what()));
  }
  append_reports(device, checked);
  for (KernelResult& kernel : checked) kernel.backend = device.backend();
  result.kernels.insert(result.kernels.begin(), std::make_move_iterator(checked.begin()),
                        std::make_move_iterator(checked.end()));
}

CaseResult validate(const Case& one, Device& device, const DeviceRunHooks& hooks) {
  Case loaded = one;
  const inputs::KvTensors inputs = load_inputs(loaded);
  return validate(loaded, inputs, device, hooks);
}

}  // namespace kvroof::validate
